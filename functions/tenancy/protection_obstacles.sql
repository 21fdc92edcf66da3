-- tenancy.protection_obstacles(p_table): why a table cannot be protected as it is.
--
-- Rows:        what tenancy.protect_table() does not repair by itself, each with the remedy.
-- Tests:       tests/functions/tenancy/test_protect_table.py

CREATE OR REPLACE FUNCTION tenancy.protection_obstacles(p_table regclass)
RETURNS TABLE (obstacle text, remedy text, is_repairable boolean)
LANGUAGE sql
STABLE
SECURITY INVOKER
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT 'it is not an ordinary table', 'Protect the tables behind it.', false
    FROM pg_class AS c
    WHERE c.oid = p_table AND (c.relkind <> 'r' OR c.relispartition OR EXISTS (
        SELECT FROM pg_inherits AS i WHERE p_table IN (i.inhrelid, i.inhparent)
    ))
    UNION ALL
    SELECT 'rule ' || r.rulename || ' runs with the rights of its owner', 'Drop the rule.', false
    FROM pg_rewrite AS r
    WHERE r.ev_class = p_table
    UNION ALL
    SELECT 'subject column ' || p.subject_column || ' is not a uuid column of it',
        'Name the column that holds the id of the person a row is about.', false
    FROM pg_class AS c
    INNER JOIN pg_namespace AS n ON c.relnamespace = n.oid
    INNER JOIN tenancy.protected_table AS p
        ON n.nspname = p.schema_name AND c.relname = p.table_name
    LEFT JOIN pg_attribute AS a
        ON c.oid = a.attrelid AND p.subject_column = a.attname AND NOT a.attisdropped
    WHERE c.oid = p_table
      AND p.subject_column IS NOT NULL
      AND a.atttypid IS DISTINCT FROM 'uuid'::regtype
    UNION ALL
    SELECT 'tenant_id is not a uuid', 'ALTER TABLE … ALTER tenant_id TYPE uuid.',
        false
    FROM pg_attribute AS a
    WHERE a.attrelid = p_table AND a.attname = 'tenant_id' AND a.atttypid <> 'uuid'::regtype
    UNION ALL
    SELECT
        'unique key ' || i.indexrelid::regclass || ' does not start with tenant_id',
        'Rebuild it as (tenant_id, …): otherwise it tells which values other tenants use.',
        i.indisprimary AND NOT EXISTS (
            SELECT FROM pg_constraint AS f WHERE f.confrelid = p_table
        )
    FROM pg_index AS i
    LEFT JOIN pg_attribute AS a ON i.indrelid = a.attrelid AND i.indkey[0] = a.attnum
    WHERE i.indrelid = p_table
      AND (i.indisunique OR i.indisexclusion)
      AND a.attname IS DISTINCT FROM 'tenant_id'
    UNION ALL
    SELECT
        'foreign key ' || k.conname || ' does not start with tenant_id',
        'Rebuild it as (tenant_id, …): otherwise it may point into another tenant.',
        false
    FROM pg_constraint AS k
    INNER JOIN pg_class AS f ON k.confrelid = f.oid
    INNER JOIN pg_namespace AS n ON f.relnamespace = n.oid
    INNER JOIN tenancy.protected_table AS p
        ON n.nspname = p.schema_name AND f.relname = p.table_name
    INNER JOIN pg_attribute AS a ON k.conrelid = a.attrelid AND k.conkey[1] = a.attnum
    INNER JOIN pg_attribute AS b ON k.confrelid = b.attrelid AND k.confkey[1] = b.attnum
    WHERE k.conrelid = p_table AND k.contype = 'f'
      AND (a.attname <> 'tenant_id' OR b.attname <> 'tenant_id')
    UNION ALL
    SELECT
        'foreign key ' || k.conname || ' would empty tenant_id',
        'ON DELETE SET NULL (column) without tenant_id, RESTRICT or CASCADE.',
        false
    FROM pg_constraint AS k
    INNER JOIN pg_attribute AS a ON k.conrelid = a.attrelid AND a.attname = 'tenant_id'
    WHERE k.conrelid = p_table AND k.contype = 'f' AND k.confdeltype IN ('n', 'd')
      AND a.attnum = ANY (coalesce(k.confdelsetcols, k.conkey));
$function$;

COMMENT ON FUNCTION tenancy.protection_obstacles(regclass) IS
'What stands in the way of tenancy.protect_table(), one row each, with the remedy (is_repairable: done by itself on an empty table); empty when nothing does.';

ALTER FUNCTION tenancy.protection_obstacles(regclass) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy.protection_obstacles(regclass) FROM public;
GRANT EXECUTE ON FUNCTION tenancy.protection_obstacles(regclass)
TO tenancy_owner, tenancy_builder, pg_database_owner;
