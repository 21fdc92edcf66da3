-- tenancy.protect_table(p_table, p_subject_column): put a table of your own behind the wall.
--
-- Who:         the owner of the table (a member of tenancy_builder), who keeps it. Idempotent; run
--              it again after a change of tenancy.access_matrix or of columns.
-- Takes:       every grant on the table, of whomever: what the access matrix says is all there is.
-- Adds:        tenant_id, a key that starts with it (on an empty table), an index that does, wall,
--              doors, FORCE, column grants, the identity trigger and the registry row.
-- Raises:      TN002 not the owner. TN006 cannot be made safe. TN007 rows without a tenant.
-- Tests:       tests/functions/tenancy/test_protect_table.py

CREATE OR REPLACE FUNCTION tenancy.protect_table(
    p_table regclass,
    p_subject_column name DEFAULT NULL
)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SECURITY INVOKER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_statement text;
    v_is_filled boolean;
BEGIN
    PERFORM tenancy.register_table(p_table, p_subject_column);
    PERFORM tenancy.refuse_obstacles(p_table, false);
    EXECUTE format('SELECT EXISTS (SELECT FROM %s)', p_table) INTO v_is_filled;
    PERFORM tenancy.add_tenant_column(p_table, v_is_filled);

    PERFORM tenancy.refuse_obstacles(p_table, true);

    PERFORM tenancy.add_tenant_index(p_table);
    PERFORM tenancy.revoke_all_grants(p_table);
    FOR v_statement IN SELECT d.* FROM tenancy.protection_ddl(p_table) AS d LOOP
        EXECUTE v_statement;
    END LOOP;

    EXECUTE format(
        'CREATE OR REPLACE TRIGGER _100_keep_identity BEFORE UPDATE ON %s '
        'FOR EACH ROW EXECUTE FUNCTION tenancy.tg_keep_identity()', p_table
    );
    EXECUTE format(
        'GRANT USAGE ON SCHEMA %I TO tenancy_customer, tenancy_staff, tenancy_manager, '
        'tenancy_admin, tenancy_owner',
        (SELECT c.relnamespace::regnamespace FROM pg_class AS c WHERE c.oid = p_table)
    );
END;
$function$;

COMMENT ON FUNCTION tenancy.protect_table(regclass, name) IS
'Protect a table of the caller: wall, doors, grants, trigger, registry. Idempotent. Raises TN002, TN006, TN007.';

ALTER FUNCTION tenancy.protect_table(regclass, name) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy.protect_table(regclass, name) FROM public;
GRANT EXECUTE ON FUNCTION tenancy.protect_table(regclass, name)
TO tenancy_owner, tenancy_builder, pg_database_owner;
