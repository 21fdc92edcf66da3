-- tenancy_private.create_webhook_secret(p_tenant_id): a new key that signs webhooks.
--
-- Source:      Standard Webhooks, section on symmetric keys: whsec_ and base64 of 32 random bytes.
-- Tests:       tests/functions/tenancy/test_webhooks.py

CREATE OR REPLACE FUNCTION tenancy_private.create_webhook_secret(p_tenant_id uuid)
RETURNS text
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_secret bytea := sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()));
BEGIN
    INSERT INTO tenancy_private.webhook_secret (id, tenant_id, ipad, opad)
    SELECT tenancy.uuidv7(), p_tenant_id, p.ipad, p.opad
    FROM tenancy_private.hmac_pads(v_secret) AS p;

    RETURN 'whsec_' || encode(v_secret, 'base64');
END;
$function$;

COMMENT ON FUNCTION tenancy_private.create_webhook_secret(uuid) IS
'Store a new webhook key and return its text, once.';

ALTER FUNCTION tenancy_private.create_webhook_secret(uuid) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy_private.create_webhook_secret(uuid) FROM public;
