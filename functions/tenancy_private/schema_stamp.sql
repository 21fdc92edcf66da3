-- tenancy_private.schema_stamp(p_schema): changes whenever the catalog of a schema's tables does.
--
-- Cheap:       ids and row versions of the catalog; no definition is written out.
-- By index:    a thousand new schemas are a large catalog that has no statistics yet.
-- Tests:       tests/functions/tenancy/test_own_schema.py

CREATE OR REPLACE FUNCTION tenancy_private.schema_stamp(p_schema name)
RETURNS numeric
LANGUAGE sql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET enable_hashjoin = off
SET enable_mergejoin = off
AS $function$
    WITH cloned AS MATERIALIZED (
        SELECT t.relation FROM tenancy_private.cloned_table(p_schema) AS t
    )

    SELECT sum(hashtextextended(concat_ws(' ', v.class, v.id, v.part, v.version), 0))
    FROM cloned AS t
    CROSS JOIN LATERAL (
        SELECT 1, c.oid, 0, c.xmin FROM pg_class AS c WHERE c.oid = t.relation
        UNION ALL
        SELECT 2, a.attrelid, a.attnum, a.xmin FROM pg_attribute AS a WHERE a.attrelid = t.relation
        UNION ALL
        SELECT 3, d.oid, 0, d.xmin FROM pg_attrdef AS d WHERE d.adrelid = t.relation
        UNION ALL
        SELECT 4, k.oid, 0, k.xmin FROM pg_constraint AS k WHERE k.conrelid = t.relation
        UNION ALL
        SELECT 5, i.indexrelid, 0, i.xmin FROM pg_index AS i WHERE i.indrelid = t.relation
        UNION ALL
        SELECT 6, g.oid, 0, g.xmin FROM pg_trigger AS g WHERE g.tgrelid = t.relation
        UNION ALL
        SELECT 7, p.oid, 0, p.xmin FROM pg_policy AS p WHERE p.polrelid = t.relation
        UNION ALL
        SELECT 8, d.objoid, d.objsubid, d.xmin FROM pg_description AS d
        WHERE d.objoid = t.relation AND d.classoid = 'pg_class'::regclass
    ) AS v (class, id, part, version);
$function$;

COMMENT ON FUNCTION tenancy_private.schema_stamp(name) IS
'A number that stays while nobody changes the cloned tables of a schema; NULL without any.';

ALTER FUNCTION tenancy_private.schema_stamp(name) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy_private.schema_stamp(name) FROM public;
