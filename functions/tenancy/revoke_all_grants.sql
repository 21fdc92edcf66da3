-- tenancy.revoke_all_grants(p_table): nobody but its owner keeps a right on a table.
--
-- Why all:     a right given before, to a role that the access matrix does not know, reaches below
--              it: TRUNCATE, for one, asks no policy.
-- Tests:       tests/functions/tenancy/test_protect_table.py

CREATE OR REPLACE FUNCTION tenancy.revoke_all_grants(p_table regclass)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SECURITY INVOKER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_grantee text;
BEGIN
    FOR v_grantee IN
        SELECT CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(a.grantee)) END
        FROM pg_class AS c
        CROSS JOIN LATERAL (
            SELECT t.grantee FROM aclexplode(c.relacl) AS t
            UNION
            SELECT t.grantee
            FROM pg_attribute AS col CROSS JOIN LATERAL aclexplode(col.attacl) AS t
            WHERE col.attrelid = c.oid
        ) AS a
        WHERE c.oid = p_table AND a.grantee <> c.relowner
    LOOP
        EXECUTE format('REVOKE ALL ON %s FROM %s CASCADE', p_table, v_grantee);
    END LOOP;
END;
$function$;

COMMENT ON FUNCTION tenancy.revoke_all_grants(regclass) IS
'Step of tenancy.protect_table() and unprotect_table(): revoke every grant on a table, of whomever.';

ALTER FUNCTION tenancy.revoke_all_grants(regclass) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy.revoke_all_grants(regclass) FROM public;
GRANT EXECUTE ON FUNCTION tenancy.revoke_all_grants(regclass)
TO tenancy_owner, tenancy_builder, pg_database_owner;
