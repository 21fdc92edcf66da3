-- tenancy_private.backfill_obstacle(p_tenant_id): why no backfill runs in this tenant now, or NULL.
--
-- Purging:     its jobs may write, but to delete; what a backfill adds would be left.
-- Tests:       tests/functions/tenancy/test_backfill.py

CREATE OR REPLACE FUNCTION tenancy_private.backfill_obstacle(p_tenant_id uuid)
RETURNS text
LANGUAGE plpgsql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    RETURN (
        SELECT 'the tenant is ' || t.status
        FROM tenancy_private.tenant AS t
        INNER JOIN tenancy.tenant_status AS s ON t.status = s.status
        WHERE t.id = p_tenant_id AND (s.jobs <> 'write' OR t.status = 'purging')
    );
END;
$function$;

COMMENT ON FUNCTION tenancy_private.backfill_obstacle(uuid) IS
'The status that keeps a backfill out of a tenant, in words; NULL when none does.';

ALTER FUNCTION tenancy_private.backfill_obstacle(uuid) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy_private.backfill_obstacle(uuid) FROM public;
