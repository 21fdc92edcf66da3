-- tenancy_private.home_schema(p_schema): where the registry has the tables of a schema.
--
-- Own schema:  t_ and the 32 digits of the tenant's id: never made of anybody's text, which can be
--              cut at 63 bytes or written in two ways.
-- Tests:       tests/functions/tenancy/test_own_schema.py

CREATE OR REPLACE FUNCTION tenancy_private.home_schema(p_schema name)
RETURNS name
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT CASE WHEN p_schema ~ '^t_[0-9a-f]{32}$' THEN 'app' ELSE p_schema END;
$function$;

COMMENT ON FUNCTION tenancy_private.home_schema(name) IS
'app for a schema of a tenant''s own, else the schema itself.';

ALTER FUNCTION tenancy_private.home_schema(name) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy_private.home_schema(name) FROM public;
