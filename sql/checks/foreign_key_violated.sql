-- No row of any tenant points at nothing: under FORCE a key added without a context checks no row
-- and says valid. Rows here are queries, which the runner executes: each counts the orphans.
-- Not visible: row security hides rows from whoever runs this, which proves nothing.
-- Remedy: run it as tenancy_backup or a superuser; repair the rows inside begin_maintenance().

SELECT
    format('%s on %s', k.conname, k.conrelid::regclass) AS object,
    has_table_privilege(k.conrelid, 'SELECT') AND has_table_privilege(k.confrelid, 'SELECT')
    AND NOT row_security_active(k.conrelid) AND NOT row_security_active(k.confrelid) AS is_visible,
    format(
        'SELECT count(*) FROM %s AS c WHERE %s AND NOT EXISTS (SELECT FROM %s AS p WHERE %s)',
        k.conrelid::regclass, pair.filled, k.confrelid::regclass, pair.joined
    ) AS query
FROM tenancy.registered_table AS p
INNER JOIN pg_catalog.pg_namespace AS n ON p.schema_name = n.nspname
INNER JOIN pg_catalog.pg_class AS c ON n.oid = c.relnamespace AND p.table_name = c.relname
INNER JOIN pg_catalog.pg_constraint AS k ON c.oid = k.conrelid AND k.contype = 'f'
CROSS JOIN LATERAL (
    SELECT
        string_agg(format('c.%I IS NOT NULL', a.attname), ' AND ' ORDER BY u.place) AS filled,
        string_agg(
            format(
                'p.%I OPERATOR(%s.%s) c.%I', f.attname, o.oprnamespace::regnamespace, o.oprname,
                a.attname
            ), ' AND ' ORDER BY u.place
        ) AS joined
    FROM unnest(k.conkey, k.confkey, k.conpfeqop) WITH ORDINALITY AS u (child, parent, equal, place)
    INNER JOIN pg_catalog.pg_attribute AS a ON k.conrelid = a.attrelid AND u.child = a.attnum
    INNER JOIN pg_catalog.pg_attribute AS f ON k.confrelid = f.attrelid AND u.parent = f.attnum
    INNER JOIN pg_catalog.pg_operator AS o ON u.equal = o.oid
) AS pair
WHERE k.conparentid = 0;
