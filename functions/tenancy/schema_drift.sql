-- tenancy.schema_drift(p_tenant_id): what differs between app and the tenants' own schemas.
--
-- Looks:       at every definition, whatever the stamps say.
-- Raises:      TN002 not the platform.
-- Tests:       tests/functions/tenancy/test_own_schema.py

CREATE OR REPLACE FUNCTION tenancy.schema_drift(p_tenant_id uuid DEFAULT NULL)
RETURNS TABLE (
    tenant_id uuid, table_name name, kind text, name text, wanted text, found text
)
LANGUAGE plpgsql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    PERFORM tenancy_private.require_platform('{operator,admin}');

    RETURN QUERY
    SELECT s.tenant_id, d.*
    FROM tenancy_private.tenant_schema AS s
    CROSS JOIN LATERAL tenancy_private.drift_of(tenancy_private.own_schema_of(s.tenant_id)) AS d
    WHERE s.tenant_id = p_tenant_id OR p_tenant_id IS NULL
    ORDER BY s.tenant_id, d.table_name, d.kind, d.name;
END;
$function$;

COMMENT ON FUNCTION tenancy.schema_drift(uuid) IS
'A row for each part of a table that app has otherwise (wanted) than a tenant''s own schema (found); of one tenant, or of all. Raises TN002.';

ALTER FUNCTION tenancy.schema_drift(uuid) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy.schema_drift(uuid) FROM public;
GRANT EXECUTE ON FUNCTION tenancy.schema_drift(uuid)
TO tenancy_admin, tenancy_operator;
