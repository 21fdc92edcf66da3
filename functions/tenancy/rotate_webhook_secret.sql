-- tenancy.rotate_webhook_secret(p_tenant_id, p_overlap): a new signing key for webhooks.
--
-- Overlap:     meanwhile messages carry both signatures, so that receivers change in their time.
-- Raises:      TN002 not permitted. TN004 overlap out of range.
-- Tests:       tests/functions/tenancy/test_webhooks.py

CREATE OR REPLACE FUNCTION tenancy.rotate_webhook_secret(
    p_tenant_id uuid,
    p_overlap interval DEFAULT '1 day'
)
RETURNS text
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    PERFORM tenancy_private.require_administrator(p_tenant_id, 'rotate_webhook_secret');

    IF p_overlap IS NULL OR p_overlap NOT BETWEEN interval '0' AND interval '7 days' THEN
        RAISE EXCEPTION 'the overlap is at most 7 days'
            USING ERRCODE = 'TN004', HINT = 'Two keys for longer are one key too many.';
    END IF;

    UPDATE tenancy_private.webhook_secret AS w
    SET expires_at = least(w.expires_at, clock_timestamp() + p_overlap)
    WHERE w.tenant_id = p_tenant_id;

    RETURN tenancy_private.create_webhook_secret(p_tenant_id);
END;
$function$;

COMMENT ON FUNCTION tenancy.rotate_webhook_secret(uuid, interval) IS
'Replace the webhook key of a tenant and return the text of the new one, once. Raises TN002, TN004.';

ALTER FUNCTION tenancy.rotate_webhook_secret(uuid, interval) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy.rotate_webhook_secret(uuid, interval) FROM public;
GRANT EXECUTE ON FUNCTION tenancy.rotate_webhook_secret(uuid, interval)
TO tenancy_manager, tenancy_admin;
