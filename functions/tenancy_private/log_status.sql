-- tenancy_private.log_status(…): record a step of a tenant's life.
--
-- Tests:       tests/functions/tenancy/test_set_tenant_status.py

CREATE OR REPLACE FUNCTION tenancy_private.log_status(
    p_tenant_id uuid,
    p_from text,
    p_to text,
    p_reason text
)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    INSERT INTO tenancy_private.tenant_status_log (
        id, tenant_id, from_status, to_status, reason, changed_by, changed_as, actor_id
    )
    VALUES (
        tenancy.uuidv7(), p_tenant_id, p_from, p_to, btrim(p_reason), session_user,
        current_setting('role'), tenancy.actor_id()
    );
END;
$function$;

COMMENT ON FUNCTION tenancy_private.log_status(uuid, text, text, text) IS
'Write a row of tenancy_private.tenant_status_log for the caller.';

ALTER FUNCTION tenancy_private.log_status(uuid, text, text, text) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy_private.log_status(uuid, text, text, text) FROM public;
