-- tenancy.unregister_table(p_table): take a table, and its grid, out of the registry.
--
-- Raises:      TN002 not the owner.
-- Tests:       tests/functions/tenancy/test_protect_table.py

CREATE OR REPLACE FUNCTION tenancy.unregister_table(p_table regclass)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_caller name := coalesce(nullif(current_setting('role'), 'none'), session_user);
    v_schema name;
    v_table name;
BEGIN
    SELECT n.nspname, c.relname INTO STRICT v_schema, v_table
    FROM pg_class AS c
    INNER JOIN pg_namespace AS n ON c.relnamespace = n.oid
    WHERE c.oid = p_table AND pg_has_role(v_caller, c.relowner, 'USAGE');

    DELETE FROM tenancy.protected_table WHERE schema_name = v_schema AND table_name = v_table;
    DELETE FROM tenancy.access_matrix WHERE resource = v_schema || '.' || v_table;
EXCEPTION
    WHEN no_data_found THEN
        RAISE EXCEPTION 'only the owner of a table may unregister it' USING ERRCODE = 'TN002';
END;
$function$;

COMMENT ON FUNCTION tenancy.unregister_table(regclass) IS
'Take a table of the caller out of the registry. Idempotent. Raises TN002.';

ALTER FUNCTION tenancy.unregister_table(regclass) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy.unregister_table(regclass) FROM public;
GRANT EXECUTE ON FUNCTION tenancy.unregister_table(regclass)
TO tenancy_owner, tenancy_builder, pg_database_owner;
