-- tenancy_private.repeated_request(…): the tenant that an idempotency key has made before, if any.
--
-- Concurrent:  a second caller waits for the first to commit, then finds its row.
-- Raises:      TN031 the key was used with other parameters.
-- Tests:       tests/functions/tenancy/test_create_tenant.py

CREATE OR REPLACE FUNCTION tenancy_private.repeated_request(
    p_idempotency_key text,
    p_digest bytea,
    p_tenant_id uuid
)
RETURNS uuid
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_request record;
BEGIN
    IF p_idempotency_key IS NULL THEN
        RETURN NULL;
    END IF;

    INSERT INTO tenancy_private.provisioning_request (idempotency_key, digest, tenant_id)
    VALUES (p_idempotency_key, p_digest, p_tenant_id)
    ON CONFLICT (idempotency_key) DO NOTHING;
    IF FOUND THEN
        RETURN NULL;
    END IF;

    SELECT r.digest, r.tenant_id INTO STRICT v_request
    FROM tenancy_private.provisioning_request AS r
    WHERE r.idempotency_key = p_idempotency_key;
    IF v_request.digest <> p_digest THEN
        RAISE EXCEPTION 'this idempotency key was used with other parameters' USING
            ERRCODE = 'TN031', HINT = 'Use a new key for another tenant.';
    END IF;

    RETURN v_request.tenant_id;
END;
$function$;

COMMENT ON FUNCTION tenancy_private.repeated_request(text, bytea, uuid) IS
'Tenant made before by this idempotency key, else NULL and the key is taken. Raises TN031.';

ALTER FUNCTION tenancy_private.repeated_request(text, bytea, uuid) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy_private.repeated_request(text, bytea, uuid) FROM public;
