-- tenancy.register_table(p_table, p_subject_column): enter a table in the registry.
--
-- Why definer: the registry is the kernel's. Only who owns the table may register it.
-- Grid:        a new table gets the rows of resource *; subject rows only with a subject column.
-- Raises:      TN002 not the owner.
-- Tests:       tests/functions/tenancy/test_protect_table.py

CREATE OR REPLACE FUNCTION tenancy.register_table(p_table regclass, p_subject_column name)
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

    INSERT INTO tenancy.protected_table (schema_name, table_name, subject_column)
    VALUES (v_schema, v_table, p_subject_column)
    ON CONFLICT (schema_name, table_name) DO UPDATE
    SET subject_column = coalesce(excluded.subject_column, protected_table.subject_column);

    INSERT INTO tenancy.access_matrix (resource, role, command, row_scope)
    SELECT v_schema || '.' || v_table, m.role, m.command, m.row_scope
    FROM tenancy.access_matrix AS m
    WHERE m.resource = '*'
      AND (m.row_scope = 'tenant' OR p_subject_column IS NOT NULL)
      AND NOT EXISTS (
          SELECT FROM tenancy.access_matrix AS x WHERE x.resource = v_schema || '.' || v_table
      );
EXCEPTION
    WHEN no_data_found THEN
        RAISE EXCEPTION 'only the owner of a table may register it' USING ERRCODE = 'TN002';
END;
$function$;

COMMENT ON FUNCTION tenancy.register_table(regclass, name) IS
'Put a table of the caller in the registry, with the default grid. Idempotent. Raises TN002.';

ALTER FUNCTION tenancy.register_table(regclass, name) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy.register_table(regclass, name) FROM public;
GRANT EXECUTE ON FUNCTION tenancy.register_table(regclass, name)
TO tenancy_owner, tenancy_builder, pg_database_owner;
