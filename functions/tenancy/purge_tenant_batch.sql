-- tenancy.purge_tenant_batch(p_limit): delete the next rows of a tenant.
--
-- One batch:   one table, at most p_limit rows, in foreign-key order; COMMIT after each. After an
--              interruption the next call goes on where the last commit left.
-- Raises:      TN002 no purge. TN021 begin_purge() was not called.
-- Tests:       tests/functions/tenancy/test_purge.py

CREATE OR REPLACE FUNCTION tenancy.purge_tenant_batch(p_limit integer DEFAULT 5000)
RETURNS bigint
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_tenant_id uuid := tenancy_private.require_job('purge');
    v_step record;
    v_rows bigint := 0;
BEGIN
    IF NOT EXISTS (
        SELECT FROM tenancy_private.tenant AS t WHERE t.id = v_tenant_id AND t.status = 'purging'
    ) THEN
        RAISE EXCEPTION 'the purge has not begun' USING
            ERRCODE = 'TN021', HINT = 'tenancy.begin_purge() first.';
    END IF;

    FOR v_step IN
        SELECT o.place, o.kind, array_agg(o.relation) AS tables
        FROM tenancy.table_order() AS o
        WHERE o.kind IN ('registered', 'kernel')
        GROUP BY o.place, o.kind, CASE WHEN NOT o.is_cycle THEN o.relation END
        ORDER BY o.place
    LOOP
        v_rows := tenancy_private.purge_step(v_tenant_id, v_step.kind, v_step.tables, p_limit);
        EXIT WHEN v_rows > 0;
    END LOOP;

    RETURN v_rows;
END;
$function$;

COMMENT ON FUNCTION tenancy.purge_tenant_batch(integer) IS
'Delete at most p_limit rows of one table and return their number; 0 when none is left. Raises TN002, TN021.';

ALTER FUNCTION tenancy.purge_tenant_batch(integer) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy.purge_tenant_batch(integer) FROM public;
GRANT EXECUTE ON FUNCTION tenancy.purge_tenant_batch(integer)
TO tenancy_operator;
