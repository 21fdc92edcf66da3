-- tenancy_private.tenant_table(): every table with a tenant_id, and who may empty it.
--
-- Own schema:  only that of the tenant in context: the others' hold no row of it.
-- Tests:       tests/functions/tenancy/test_purge.py

CREATE OR REPLACE FUNCTION tenancy_private.tenant_table()
RETURNS TABLE (relation regclass, kind text)
LANGUAGE sql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT
        c.oid::regclass,
        CASE
            WHEN k.why IS NOT NULL THEN 'kept'
            WHEN p.table_name IS NULL AND c.relowner = 'tenancy_kernel'::regrole THEN 'kernel'
            WHEN p.table_name IS NOT NULL
                AND has_table_privilege('tenancy_owner', c.oid, 'SELECT')
                AND has_table_privilege('tenancy_owner', c.oid, 'INSERT')
                AND has_table_privilege('tenancy_owner', c.oid, 'DELETE')
                AND EXISTS (
                    SELECT
                    FROM pg_policy AS d
                    WHERE d.polrelid = c.oid AND d.polname = 'owner_door'
                      AND 'tenancy_owner'::regrole = ANY (d.polroles)
                )
                AND NOT EXISTS (
                    SELECT
                    FROM pg_policy AS d
                    WHERE d.polrelid = c.oid AND NOT d.polpermissive AND d.polname <> 'tenant_wall'
                      AND d.polroles && ARRAY[0, 'tenancy_owner'::regrole]::oid[]
                )
                THEN 'registered'
            ELSE 'unreachable'
        END
    FROM pg_class AS c
    INNER JOIN pg_namespace AS n ON c.relnamespace = n.oid
    INNER JOIN pg_attribute AS a
        ON c.oid = a.attrelid AND a.attname = 'tenant_id' AND NOT a.attisdropped
    LEFT JOIN tenancy.protected_table AS p
        ON p.schema_name = tenancy_private.home_schema(n.nspname) AND c.relname = p.table_name
    LEFT JOIN tenancy.kept_table AS k ON n.nspname = k.schema_name AND c.relname = k.table_name
    WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relpersistence <> 't'
      AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
      AND n.nspname IN (tenancy_private.home_schema(n.nspname), (
          SELECT tenancy_private.own_schema_of(tenancy.tenant_id())
      ));
$function$;

COMMENT ON FUNCTION tenancy_private.tenant_table() IS
'Tables of the database with a tenant_id: registered, kernel, kept or unreachable.';

ALTER FUNCTION tenancy_private.tenant_table() OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy_private.tenant_table() FROM public;
