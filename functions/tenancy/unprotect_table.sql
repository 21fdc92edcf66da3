-- tenancy.unprotect_table(p_table): take the wall, the doors and every tenant grant away again.
--
-- Fails closed: the grants go first, so no tenant role reaches the table without its wall.
-- Keeps:       tenant_id and the keys: they hold data. The default goes: nothing of ours hangs on.
-- Raises:      TN002 not the owner.
-- Tests:       tests/functions/tenancy/test_protect_table.py

CREATE OR REPLACE FUNCTION tenancy.unprotect_table(p_table regclass)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SECURITY INVOKER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_policy name;
BEGIN
    PERFORM tenancy.unregister_table(p_table);
    PERFORM tenancy.revoke_all_grants(p_table);
    FOR v_policy IN
        SELECT p.polname
        FROM pg_policy AS p
        WHERE p.polrelid = p_table
          AND p.polname ~ '^(tenant_wall|owner_door|(tenant|subject)_(select|insert|update|delete))$'
    LOOP
        EXECUTE format('DROP POLICY %I ON %s', v_policy, p_table);
    END LOOP;
    IF EXISTS (
        SELECT FROM pg_attribute AS a WHERE a.attrelid = p_table AND a.attname = 'tenant_id'
    ) THEN
        EXECUTE format('ALTER TABLE %s ALTER tenant_id DROP DEFAULT', p_table);
    END IF;
    EXECUTE format('DROP TRIGGER IF EXISTS _100_keep_identity ON %s', p_table);
    EXECUTE format(
        'ALTER TABLE %s NO FORCE ROW LEVEL SECURITY, DISABLE ROW LEVEL SECURITY', p_table
    );
END;
$function$;

COMMENT ON FUNCTION tenancy.unprotect_table(regclass) IS
'Undo tenancy.protect_table(), except for the column and the keys. Idempotent. Raises TN002.';

ALTER FUNCTION tenancy.unprotect_table(regclass) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy.unprotect_table(regclass) FROM public;
GRANT EXECUTE ON FUNCTION tenancy.unprotect_table(regclass)
TO tenancy_owner, tenancy_builder, pg_database_owner;
