-- tenancy_private.own_schema_of(p_tenant_id): the name of a tenant's own schema.
--
-- Tests:       tests/functions/tenancy/test_own_schema.py

CREATE OR REPLACE FUNCTION tenancy_private.own_schema_of(p_tenant_id uuid)
RETURNS name
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT 't_' || replace(p_tenant_id::text, '-', '');
$function$;

COMMENT ON FUNCTION tenancy_private.own_schema_of(uuid) IS
'The name of the schema a tenant has, or would have, of its own.';

ALTER FUNCTION tenancy_private.own_schema_of(uuid) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy_private.own_schema_of(uuid) FROM public;
GRANT EXECUTE ON FUNCTION tenancy_private.own_schema_of(uuid)
TO tenancy_owner;
