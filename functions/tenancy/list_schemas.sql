-- tenancy.list_schemas(p_only_stale): schemas of tenants' own, and whether they need a look.
--
-- Stale:       the catalog of the schema, or of app, changed since the two were compared.
-- Raises:      TN002 not the platform.
-- Tests:       tests/functions/tenancy/test_own_schema.py

CREATE OR REPLACE FUNCTION tenancy.list_schemas(p_only_stale boolean DEFAULT false)
RETURNS TABLE (tenant_id uuid, slug text, placement text, synced_at timestamptz, is_stale boolean)
LANGUAGE plpgsql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_template numeric := tenancy_private.schema_stamp('app');
BEGIN
    PERFORM tenancy_private.require_platform('{operator,admin}');

    RETURN QUERY
    SELECT t.id, t.slug, t.placement, s.synced_at, i.is_stale
    FROM tenancy_private.tenant_schema AS s
    INNER JOIN tenancy_private.tenant AS t ON s.tenant_id = t.id
    CROSS JOIN LATERAL (
        SELECT s.template_stamp IS DISTINCT FROM v_template
            OR s.own_stamp IS DISTINCT FROM
            tenancy_private.schema_stamp(tenancy_private.own_schema_of(t.id)) AS is_stale
    ) AS i
    WHERE i.is_stale OR NOT p_only_stale
    ORDER BY t.id;
END;
$function$;

COMMENT ON FUNCTION tenancy.list_schemas(boolean) IS
'Tenants with a schema of their own, or those whose tenancy.sync_tenant_schema() is due. Raises TN002.';

ALTER FUNCTION tenancy.list_schemas(boolean) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy.list_schemas(boolean) FROM public;
GRANT EXECUTE ON FUNCTION tenancy.list_schemas(boolean)
TO tenancy_admin, tenancy_operator;
