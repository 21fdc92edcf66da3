-- tenancy.list_evidence(p_only_open): what administrators did, oldest first.
--
-- Kinds:       ticket (an admin session), action (a key, member, … changed from outside).
-- Raises:      TN002 not tenancy_admin outside any tenant.
-- Tests:       tests/functions/tenancy/test_evidence.py

CREATE OR REPLACE FUNCTION tenancy.list_evidence(p_only_open boolean DEFAULT true)
RETURNS TABLE (
    id uuid, kind text, tenant_id uuid, what text, performed_by name, performed_at timestamptz,
    reviewed_by name, reviewed_at timestamptz
)
LANGUAGE plpgsql
STABLE
PARALLEL RESTRICTED
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    PERFORM tenancy_private.require_platform();

    RETURN QUERY
    SELECT e.*
    FROM (
        SELECT t.id, 'ticket', t.tenant_id, t.reason, t.opened_by, t.opened_at,
            t.reviewed_by, t.reviewed_at
        FROM tenancy_private.access_ticket AS t
        UNION ALL
        SELECT a.id, 'action', a.tenant_id, a.action, a.performed_by, a.performed_at,
            a.reviewed_by, a.reviewed_at
        FROM tenancy_private.platform_action AS a
    ) AS e (id, kind, tenant_id, what, performed_by, performed_at, reviewed_by, reviewed_at)
    WHERE e.reviewed_at IS NULL OR NOT p_only_open
    ORDER BY e.performed_at, e.id;
END;
$function$;

COMMENT ON FUNCTION tenancy.list_evidence(boolean) IS
'Admin sessions and platform actions, oldest first; only those not yet reviewed unless false. Raises TN002.';

ALTER FUNCTION tenancy.list_evidence(boolean) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy.list_evidence(boolean) FROM public;
GRANT EXECUTE ON FUNCTION tenancy.list_evidence(boolean)
TO tenancy_admin;
