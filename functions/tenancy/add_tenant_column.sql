-- tenancy.add_tenant_column(p_table, p_is_filled): tenant_id, and a key that starts with it.
--
-- Filled:      rows get no tenant by guessing; the error carries the recipe.
-- Raises:      TN007 the table has rows and no tenant_id, or rows whose tenant_id is NULL.
-- Tests:       tests/functions/tenancy/test_protect_table.py

CREATE OR REPLACE FUNCTION tenancy.add_tenant_column(p_table regclass, p_is_filled boolean)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SECURITY INVOKER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_has_column boolean := EXISTS (
        SELECT FROM pg_attribute AS a WHERE a.attrelid = p_table AND a.attname = 'tenant_id'
    );
    v_rows_without_tenant boolean := p_is_filled;
BEGIN
    IF v_has_column THEN
        EXECUTE format('SELECT EXISTS (SELECT FROM %s WHERE tenant_id IS NULL)', p_table)
        INTO v_rows_without_tenant;
    END IF;
    IF v_rows_without_tenant THEN
        RAISE EXCEPTION '% has rows without a tenant', p_table USING
            ERRCODE = 'TN007',
            HINT = format('ALTER TABLE %s ADD IF NOT EXISTS tenant_id uuid; UPDATE %1$s SET '
                'tenant_id = … in batches; then protect_table again.', p_table);
    END IF;

    IF NOT v_has_column THEN
        EXECUTE format('ALTER TABLE %s ADD tenant_id uuid', p_table);
    END IF;
    EXECUTE format(
        'ALTER TABLE %s ALTER tenant_id SET DEFAULT tenancy.tenant_id(), '
        'ALTER tenant_id SET NOT NULL', p_table
    );

    IF NOT p_is_filled THEN
        PERFORM tenancy.lead_key_with_tenant(p_table);
    END IF;
END;
$function$;

COMMENT ON FUNCTION tenancy.add_tenant_column(regclass, boolean) IS
'Step of tenancy.protect_table(): tenant_id NOT NULL with its default, and the key of an empty table. Raises TN007.';

ALTER FUNCTION tenancy.add_tenant_column(regclass, boolean) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy.add_tenant_column(regclass, boolean) FROM public;
GRANT EXECUTE ON FUNCTION tenancy.add_tenant_column(regclass, boolean)
TO tenancy_owner, tenancy_builder, pg_database_owner;
