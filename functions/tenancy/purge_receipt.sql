-- tenancy.purge_receipt(p_tenant_id): what a purge found, deleted and left.
--
-- Tests:       tests/functions/tenancy/test_purge.py

CREATE OR REPLACE FUNCTION tenancy.purge_receipt(p_tenant_id uuid)
RETURNS TABLE (
    resource text,
    is_kept boolean,
    rows_before bigint,
    rows_deleted bigint,
    rows_after bigint,
    why text
)
LANGUAGE sql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT r.resource, r.is_kept, r.rows_before, r.rows_deleted, r.rows_after, r.why
    FROM tenancy_private.purge_receipt AS r
    WHERE r.tenant_id = p_tenant_id
    ORDER BY r.is_kept, r.resource;
$function$;

COMMENT ON FUNCTION tenancy.purge_receipt(uuid) IS
'The receipt of a purge, one row per table; rows_after is NULL until it ended.';

ALTER FUNCTION tenancy.purge_receipt(uuid) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy.purge_receipt(uuid) FROM public;
GRANT EXECUTE ON FUNCTION tenancy.purge_receipt(uuid)
TO tenancy_admin, tenancy_operator;
