-- tenancy_private.structure_of_grants(p_schema): privileges on cloned tables and columns.
--
-- Owner:       has everything, by whomever it was written down.
-- By index:    a thousand new schemas are a large catalog that has no statistics yet.
-- Tests:       tests/functions/tenancy/test_own_schema.py

CREATE OR REPLACE FUNCTION tenancy_private.structure_of_grants(p_schema name)
RETURNS TABLE (table_name name, kind text, name text, definition text)
LANGUAGE sql
STABLE
SECURITY DEFINER
ROWS 500
SET search_path = pg_catalog, pg_temp
SET enable_hashjoin = off
SET enable_mergejoin = off
AS $function$
    SELECT t.table_name, 'grant', a.privilege_type || ' ' || g.grantee, ''
    FROM tenancy_private.cloned_table(p_schema) AS t
    INNER JOIN pg_class AS c ON t.relation = c.oid
    CROSS JOIN LATERAL aclexplode(c.relacl) AS a
    CROSS JOIN LATERAL (
        SELECT CASE a.grantee WHEN 0 THEN 'public' ELSE quote_ident(pg_get_userbyid(a.grantee)) END
    ) AS g (grantee)
    WHERE a.grantee <> c.relowner
    UNION ALL
    SELECT
        t.table_name, 'column grant', a.privilege_type || ' ' || g.grantee,
        string_agg(quote_ident(u.attname), ', ' ORDER BY u.attname)
    FROM tenancy_private.cloned_table(p_schema) AS t
    INNER JOIN pg_attribute AS u ON t.relation = u.attrelid AND u.attnum > 0
    CROSS JOIN LATERAL aclexplode(u.attacl) AS a
    CROSS JOIN LATERAL (
        SELECT CASE a.grantee WHEN 0 THEN 'public' ELSE quote_ident(pg_get_userbyid(a.grantee)) END
    ) AS g (grantee)
    WHERE NOT u.attisdropped
    GROUP BY t.table_name, a.privilege_type, g.grantee;
$function$;

COMMENT ON FUNCTION tenancy_private.structure_of_grants(name) IS
'Kinds grant and column grant.';

ALTER FUNCTION tenancy_private.structure_of_grants(name) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy_private.structure_of_grants(name) FROM public;
