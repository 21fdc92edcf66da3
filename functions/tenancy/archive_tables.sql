-- tenancy.archive_tables(): the tables of an archive, parents first.
--
-- Own schema:  its tables stand for those of app, under their names.
-- sha256:      of names, types and NOT NULL of the columns: equal where an archive fits.
-- Raises:      TN025 a table is out of reach.
-- Tests:       tests/functions/tenancy/test_export.py

CREATE OR REPLACE FUNCTION tenancy.archive_tables()
RETURNS TABLE (
    relation regclass,
    schema_name name,
    table_name name,
    columns name[],
    sha256 text,
    is_recursive boolean
)
LANGUAGE plpgsql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    PERFORM tenancy_private.refuse_unreachable();
    RETURN QUERY
    SELECT
        o.relation, tenancy_private.home_schema(n.nspname), c.relname, array_agg(x.name ORDER BY a.attnum),
        encode(sha256(convert_to(string_agg(
            concat_ws(' ', x.name, format_type(a.atttypid, a.atttypmod), a.attnotnull), E'\n'
            ORDER BY x.name
        ), 'UTF8')), 'hex'),
        EXISTS (
            SELECT
            FROM pg_constraint AS k
            WHERE k.contype = 'f' AND o.relation = k.conrelid AND k.conrelid = k.confrelid
              AND NOT k.condeferrable
        )
    FROM tenancy.table_order(true) AS o
    INNER JOIN pg_class AS c ON o.relation = c.oid
    INNER JOIN pg_namespace AS n ON c.relnamespace = n.oid
    CROSS JOIN LATERAL tenancy_private.archive_columns(o.relation) AS x
    INNER JOIN pg_attribute AS a ON o.relation = a.attrelid AND x.name = a.attname
    WHERE o.kind = 'registered' AND tenancy_private.relation_for(o.relation) = o.relation
      AND n.nspname IN (tenancy_private.home_schema(n.nspname), tenancy.own_schema())
    GROUP BY o.relation, o.place, n.nspname, c.relname
    ORDER BY o.place DESC, o.relation::text;
END;
$function$;

COMMENT ON FUNCTION tenancy.archive_tables() IS
'Registered tables with their columns and a hash of these, in the order of an import. Raises TN025.';

ALTER FUNCTION tenancy.archive_tables() OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy.archive_tables() FROM public;
GRANT EXECUTE ON FUNCTION tenancy.archive_tables()
TO tenancy_operator;
