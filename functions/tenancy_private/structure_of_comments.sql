-- tenancy_private.structure_of_comments(p_schema): comments on cloned tables and what is in them.
--
-- Name:        as COMMENT ON wants it, the table left out: %s.
-- By index:    a thousand new schemas are a large catalog that has no statistics yet.
-- Tests:       tests/functions/tenancy/test_own_schema.py

CREATE OR REPLACE FUNCTION tenancy_private.structure_of_comments(p_schema name)
RETURNS TABLE (table_name name, kind text, name text, definition text)
LANGUAGE sql
STABLE
SECURITY DEFINER
ROWS 500
SET search_path = pg_catalog, pg_temp
SET enable_hashjoin = off
SET enable_mergejoin = off
AS $function$
    SELECT t.table_name, 'comment', o.name, quote_literal(d.description)
    FROM tenancy_private.cloned_table(p_schema) AS t
    CROSS JOIN LATERAL (
        SELECT 'TABLE %s' AS name, 'pg_class'::regclass AS class, t.relation AS id, 0 AS part
        UNION ALL
        SELECT format('COLUMN %%s.%I', a.attname), 'pg_class'::regclass, t.relation, a.attnum
        FROM pg_attribute AS a
        WHERE a.attrelid = t.relation AND a.attnum > 0 AND NOT a.attisdropped
        UNION ALL
        SELECT format('POLICY %I ON %%s', p.polname), 'pg_policy'::regclass, p.oid, 0
        FROM pg_policy AS p
        WHERE p.polrelid = t.relation
        UNION ALL
        SELECT format('TRIGGER %I ON %%s', g.tgname), 'pg_trigger'::regclass, g.oid, 0
        FROM pg_trigger AS g
        WHERE g.tgrelid = t.relation AND NOT g.tgisinternal
        UNION ALL
        SELECT format('CONSTRAINT %I ON %%s', k.conname), 'pg_constraint'::regclass, k.oid, 0
        FROM pg_constraint AS k
        WHERE k.conrelid = t.relation
    ) AS o
    INNER JOIN pg_description AS d
        ON o.id = d.objoid AND o.class = d.classoid AND o.part = d.objsubid;
$function$;

COMMENT ON FUNCTION tenancy_private.structure_of_comments(name) IS
'Kind comment.';

ALTER FUNCTION tenancy_private.structure_of_comments(name) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy_private.structure_of_comments(name) FROM public;
