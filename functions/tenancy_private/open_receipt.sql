-- tenancy_private.open_receipt(p_tenant_id): a line for each table, counted.
--
-- Again:       a table that was registered meanwhile gets its line; the others keep theirs.
-- Tests:       tests/functions/tenancy/test_purge.py

CREATE OR REPLACE FUNCTION tenancy_private.open_receipt(p_tenant_id uuid)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    INSERT INTO tenancy_private.purge_receipt (tenant_id, resource, is_kept, rows_before, why)
    SELECT p_tenant_id, o.relation::text, o.kind = 'kept',
        coalesce(tenancy_private.count_rows(p_tenant_id, o.relation, o.kind), 0), k.why
    FROM tenancy.table_order() AS o
    LEFT JOIN tenancy.kept_table AS k
        ON o.relation = to_regclass(format('%I.%I', k.schema_name, k.table_name))
    ON CONFLICT (tenant_id, resource) DO NOTHING;
END;
$function$;

COMMENT ON FUNCTION tenancy_private.open_receipt(uuid) IS
'Add what a tenant has in each table to its receipt. Idempotent.';

ALTER FUNCTION tenancy_private.open_receipt(uuid) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy_private.open_receipt(uuid) FROM public;
