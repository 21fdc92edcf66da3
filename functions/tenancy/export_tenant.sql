-- tenancy.export_tenant(): the record of the tenant, as an archive has it.
--
-- With:        limits and feature flags of its own, which import_tenant() sets again.
-- Raises:      TN002 no export.
-- Tests:       tests/functions/tenancy/test_export.py

CREATE OR REPLACE FUNCTION tenancy.export_tenant()
RETURNS jsonb
LANGUAGE plpgsql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_tenant_id uuid := tenancy_private.require_job('export');
BEGIN
    RETURN (
        SELECT to_jsonb(t) || jsonb_build_object(
            'limits',
            (SELECT jsonb_object_agg(l.name, l.value)
                FROM tenancy_private.tenant_limit AS l WHERE l.tenant_id = t.id),
            'features',
            (SELECT jsonb_object_agg(f.feature, f.value)
                FROM tenancy_private.tenant_feature AS f WHERE f.tenant_id = t.id)
        )
        FROM tenancy_private.tenant AS t
        WHERE t.id = v_tenant_id
    );
END;
$function$;

COMMENT ON FUNCTION tenancy.export_tenant() IS
'The tenant of an export as JSON; no credential is part of it. Raises TN002.';

ALTER FUNCTION tenancy.export_tenant() OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy.export_tenant() FROM public;
GRANT EXECUTE ON FUNCTION tenancy.export_tenant()
TO tenancy_operator;
