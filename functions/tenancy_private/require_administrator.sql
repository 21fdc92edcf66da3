-- tenancy_private.require_administrator(p_tenant_id, p_action): who manages members and keys there.
--
-- Who:         a manager or admin inside the tenant; tenancy_admin outside any tenant.
-- Evidence:    what the platform does to a tenant from outside is recorded for review: a key that
--              it issued for itself would otherwise be a way in without an access ticket.
-- Raises:      TN002 not permitted.
-- Tests:       tests/functions/tenancy/test_evidence.py

CREATE OR REPLACE FUNCTION tenancy_private.require_administrator(
    p_tenant_id uuid,
    p_action text
)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    IF NOT tenancy_private.may_administer(p_tenant_id) THEN
        RAISE EXCEPTION 'not permitted' USING
            ERRCODE = 'TN002',
            HINT = 'Enter the tenant as a manager, or SET ROLE tenancy_admin outside any tenant.';
    END IF;

    IF p_action IS NOT NULL AND tenancy.tenant_id() IS NULL THEN
        PERFORM tenancy_private.note_platform_action(p_tenant_id, p_action);
    ELSIF p_action IS NOT NULL AND NOT tenancy.may_write() THEN
        RAISE EXCEPTION 'not permitted' USING
            ERRCODE = 'TN002', HINT = 'This tenant, or this key, is read-only.';
    END IF;
END;
$function$;

COMMENT ON FUNCTION tenancy_private.require_administrator(uuid, text) IS
'Refuse whoever may not manage a tenant; record an action of the platform (NULL: only reads). Raises TN002.';

ALTER FUNCTION tenancy_private.require_administrator(uuid, text) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy_private.require_administrator(uuid, text) FROM public;
