-- tenancy.export_members(p_after, p_limit): members of the tenant, one page.
--
-- Raises:      TN002 no export.
-- Tests:       tests/functions/tenancy/test_export.py

CREATE OR REPLACE FUNCTION tenancy.export_members(p_after uuid, p_limit integer)
RETURNS SETOF jsonb
LANGUAGE plpgsql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_tenant_id uuid := tenancy_private.require_job('export');
BEGIN
    RETURN QUERY
    SELECT to_jsonb(m)
    FROM tenancy_private.member AS m
    WHERE m.tenant_id = v_tenant_id AND (p_after IS NULL OR m.user_id > p_after)
    ORDER BY m.user_id
    LIMIT p_limit;
END;
$function$;

COMMENT ON FUNCTION tenancy.export_members(uuid, integer) IS
'Members after a user id, in order of user ids. Raises TN002.';

ALTER FUNCTION tenancy.export_members(uuid, integer) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy.export_members(uuid, integer) FROM public;
GRANT EXECUTE ON FUNCTION tenancy.export_members(uuid, integer)
TO tenancy_operator;
