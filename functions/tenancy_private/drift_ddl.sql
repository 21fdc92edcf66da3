-- tenancy_private.drift_ddl(p_schema, p_drop): the statements that end a drift, in order.
--
-- Columns:     one that app has no more goes on demand only: its data would go with it.
-- Tests:       tests/functions/tenancy/test_own_schema.py

CREATE OR REPLACE FUNCTION tenancy_private.drift_ddl(p_schema name, p_drop boolean)
RETURNS TABLE (place integer, statement text)
LANGUAGE sql
STABLE
SECURITY DEFINER
ROWS 100
SET search_path = pg_catalog, pg_temp
AS $function$
    WITH drift AS MATERIALIZED (
        SELECT
            d.*,
            d.wanted || coalesce(' DEFAULT ' || max(d.wanted) FILTER (WHERE d.kind = 'default')
                OVER (PARTITION BY d.table_name, d.name), '') AS new_column,
            bool_or(d.kind = 'table') OVER (PARTITION BY d.table_name) AS is_new,
            format('%I.%I', p_schema, d.table_name) AS target
        FROM tenancy_private.drift_of(p_schema) AS d
    )

    SELECT s.place, format(
        s.format, d.target, d.name,
        tenancy_private.rehomed(
            CASE WHEN d.kind = 'column' AND d.found IS NULL THEN d.new_column ELSE d.wanted END, p_schema
        ),
        split_part(d.name, ' ', 1), split_part(d.name, ' ', 2), p_schema,
        replace(d.name, '%s', d.target), d.table_name
    )
    FROM drift AS d
    INNER JOIN tenancy_private.structure_kind() AS k ON d.kind = k.kind
    CROSS JOIN LATERAL (
        SELECT k.undo_at, k.undo
        WHERE d.found IS NOT NULL AND (d.wanted IS NULL OR k.change IS NULL)
          AND (p_drop OR d.kind <> 'column')
        UNION ALL
        SELECT k.make_at, CASE WHEN d.found IS NULL THEN k.make ELSE coalesce(nullif(k.change, ''), k.make) END
        WHERE d.wanted IS NOT NULL AND NOT (d.is_new AND (
            d.kind IN ('column', 'default', 'not null')
            OR (d.kind = 'comment' AND d.name LIKE 'COLUMN %')
        ))
    ) AS s (place, format)
    WHERE s.format IS NOT NULL
    ORDER BY s.place, d.table_name, d.name;
$function$;

COMMENT ON FUNCTION tenancy_private.drift_ddl(name, boolean) IS
'Statements that make a tenant''s own schema like app; p_drop: columns too many as well.';

ALTER FUNCTION tenancy_private.drift_ddl(name, boolean) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy_private.drift_ddl(name, boolean) FROM public;
GRANT EXECUTE ON FUNCTION tenancy_private.drift_ddl(name, boolean)
TO tenancy_owner;
