-- tenancy_private.archive_columns(p_table): what an archive has of a table.
--
-- Without:     generated columns, which the other side computes again.
-- Ids:         what a clone renames: uuids of the primary key, of foreign keys between registered
--              tables, and of the subject. An id that points out of the tenant stays.
-- Tests:       tests/functions/tenancy/test_import.py

CREATE OR REPLACE FUNCTION tenancy_private.archive_columns(p_table regclass)
RETURNS TABLE (name name, is_id boolean, is_key boolean)
LANGUAGE sql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    WITH linked AS (
        SELECT u.attnum, bool_and(p.table_name IS NOT NULL) AS is_inside
        FROM pg_constraint AS k
        INNER JOIN pg_class AS c
            ON c.oid = CASE WHEN k.conrelid = p_table THEN k.confrelid ELSE k.conrelid END
        INNER JOIN pg_namespace AS n ON c.relnamespace = n.oid
        LEFT JOIN tenancy.protected_table AS p
            ON p.schema_name = tenancy_private.home_schema(n.nspname) AND c.relname = p.table_name
        CROSS JOIN LATERAL unnest(
            CASE WHEN k.conrelid = p_table THEN k.conkey END
            || CASE WHEN k.confrelid = p_table THEN k.confkey END
        ) AS u (attnum)
        WHERE k.contype = 'f' AND p_table IN (k.conrelid, k.confrelid)
        GROUP BY u.attnum
    ),

    keyed AS (
        SELECT u.attnum
        FROM pg_constraint AS k
        CROSS JOIN LATERAL unnest(k.conkey) AS u (attnum)
        WHERE k.contype = 'p' AND k.conrelid = p_table
    )

    SELECT
        a.attname,
        a.atttypid = 'uuid'::regtype AND a.attname <> 'tenant_id'
        AND coalesce(l.is_inside, k.attnum IS NOT NULL OR p.subject_column = a.attname, false),
        k.attnum IS NOT NULL
    FROM pg_attribute AS a
    INNER JOIN pg_class AS c ON a.attrelid = c.oid
    INNER JOIN pg_namespace AS n ON c.relnamespace = n.oid
    LEFT JOIN tenancy.protected_table AS p
        ON p.schema_name = tenancy_private.home_schema(n.nspname) AND c.relname = p.table_name
    LEFT JOIN linked AS l ON a.attnum = l.attnum
    LEFT JOIN keyed AS k ON a.attnum = k.attnum
    WHERE a.attrelid = p_table AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
    ORDER BY a.attnum;
$function$;

COMMENT ON FUNCTION tenancy_private.archive_columns(regclass) IS
'Columns of a table in an archive, whether a clone renames them, and whether they are its key.';

ALTER FUNCTION tenancy_private.archive_columns(regclass) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy_private.archive_columns(regclass) FROM public;
GRANT EXECUTE ON FUNCTION tenancy_private.archive_columns(regclass)
TO tenancy_owner;
