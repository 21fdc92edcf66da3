-- tenancy_private.structure_of_rules(p_schema): policies and triggers of cloned tables.
--
-- By index:    a thousand new schemas are a large catalog that has no statistics yet.
-- Tests:       tests/functions/tenancy/test_own_schema.py

CREATE OR REPLACE FUNCTION tenancy_private.structure_of_rules(p_schema name)
RETURNS TABLE (table_name name, kind text, name text, definition text)
LANGUAGE sql
STABLE
SECURITY DEFINER
ROWS 500
SET search_path = pg_catalog, pg_temp
SET enable_hashjoin = off
SET enable_mergejoin = off
AS $function$
    SELECT t.table_name, 'row security', r.name, r.name || ' ROW LEVEL SECURITY'
    FROM tenancy_private.cloned_table(p_schema) AS t
    INNER JOIN pg_class AS c ON t.relation = c.oid
    CROSS JOIN LATERAL (
        VALUES ('ENABLE', c.relrowsecurity), ('FORCE', c.relforcerowsecurity)
    ) AS r (name, is_set)
    WHERE r.is_set
    UNION ALL
    SELECT
        t.table_name, 'policy', p.polname::text,
        concat_ws(' ',
            CASE WHEN NOT p.polpermissive THEN 'AS RESTRICTIVE' END,
            'FOR ' || CASE p.polcmd WHEN 'r' THEN 'SELECT' WHEN 'a' THEN 'INSERT'
                WHEN 'w' THEN 'UPDATE' WHEN 'd' THEN 'DELETE' ELSE 'ALL' END,
            'TO ' || (
                SELECT string_agg(
                    CASE u.role WHEN 0 THEN 'public' ELSE quote_ident(pg_get_userbyid(u.role)) END,
                    ', ' ORDER BY pg_get_userbyid(u.role)
                )
                FROM unnest(p.polroles) AS u (role)
            ),
            'USING (' || pg_get_expr(p.polqual, p.polrelid) || ')',
            'WITH CHECK (' || pg_get_expr(p.polwithcheck, p.polrelid) || ')')
    FROM tenancy_private.cloned_table(p_schema) AS t
    INNER JOIN pg_policy AS p ON t.relation = p.polrelid
    UNION ALL
    SELECT t.table_name, r.kind, g.tgname::text, r.definition
    FROM tenancy_private.cloned_table(p_schema) AS t
    INNER JOIN pg_trigger AS g ON t.relation = g.tgrelid AND NOT g.tgisinternal
    CROSS JOIN LATERAL (
        VALUES
        ('trigger', pg_get_triggerdef(g.oid)),
        ('trigger state', CASE g.tgenabled WHEN 'A' THEN 'ENABLE ALWAYS' WHEN 'R' THEN 'ENABLE REPLICA'
            WHEN 'D' THEN 'DISABLE' END)
    ) AS r (kind, definition)
    WHERE r.definition IS NOT NULL;
$function$;

COMMENT ON FUNCTION tenancy_private.structure_of_rules(name) IS
'Kinds row security, policy, trigger and trigger state.';

ALTER FUNCTION tenancy_private.structure_of_rules(name) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy_private.structure_of_rules(name) FROM public;
