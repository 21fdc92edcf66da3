-- tenancy_private.rehomed(p_definition, p_schema): a definition of app, for a tenant's schema.
--
-- Names:       registered tables of app only; functions of app serve every schema.
-- Tests:       tests/functions/tenancy/test_own_schema.py

CREATE OR REPLACE FUNCTION tenancy_private.rehomed(p_definition text, p_schema name)
RETURNS text
LANGUAGE sql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT regexp_replace(
        replace(
            p_definition, '<tenant>',
            (CASE WHEN p_schema ~ '^t_[0-9a-f]{32}$' THEN substr(p_schema, 3) END)::uuid::text
        ),
        '\mapp\.(' || string_agg(p.table_name, '|') || ')\M', p_schema || '.\1', 'g'
    )
    FROM tenancy.protected_table AS p
    WHERE p.schema_name = 'app';
$function$;

COMMENT ON FUNCTION tenancy_private.rehomed(text, name) IS
'A definition of structure_of(), with the names of this schema and of its tenant.';

ALTER FUNCTION tenancy_private.rehomed(text, name) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy_private.rehomed(text, name) FROM public;
