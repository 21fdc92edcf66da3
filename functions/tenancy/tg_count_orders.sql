-- tenancy.tg_count_orders(): keep usage_month.orders, and refuse beyond max_orders_per_month.
--
-- Which month: of created_at, which no tenant can write. A transaction that was left open keeps the
--              created_at of its start; its orders count in the month that the clock says.
-- Tenant:      of the rows, because inside a cascade the wall does not apply.
-- Raises:      TN010 limit reached.
-- Tests:       tests/functions/tenancy/test_limits.py

CREATE OR REPLACE FUNCTION tenancy.tg_count_orders()
RETURNS trigger
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_tenant_id uuid;
    v_month date;
    v_rows bigint;
    v_used bigint;
BEGIN
    IF tenancy_private.is_purge() THEN
        RETURN NULL;
    END IF;

    FOR v_tenant_id IN SELECT DISTINCT c.tenant_id FROM changed AS c ORDER BY c.tenant_id LOOP
        PERFORM tenancy_private.lock_usage(v_tenant_id);
        v_month := tenancy_private.open_month(v_tenant_id);

        FOR v_rows, v_used IN
            UPDATE tenancy_private.usage_month AS m
            SET orders = greatest(m.orders + n.added, 0)
            FROM (
                SELECT x.month, count(*) * CASE tg_op WHEN 'INSERT' THEN 1 ELSE -1 END AS added
                FROM changed AS c
                INNER JOIN tenancy_private.usage_month AS x ON c.tenant_id = x.tenant_id
                    AND CASE
                        WHEN tg_op = 'INSERT' AND c.created_at = now() THEN x.month = v_month
                        ELSE c.created_at >= x.starts_at AND c.created_at < x.ends_at
                    END
                WHERE c.tenant_id = v_tenant_id
                GROUP BY x.month
            ) AS n
            WHERE m.tenant_id = v_tenant_id AND m.month = n.month
            RETURNING n.added, m.orders
        LOOP
            PERFORM tenancy_private.refuse_over_limit(
                v_tenant_id, 'max_orders_per_month', v_used, v_rows
            );
        END LOOP;
    END LOOP;

    RETURN NULL;
END;
$function$;

COMMENT ON FUNCTION tenancy.tg_count_orders() IS
'Trigger: count orders per month. Raises TN010.';

ALTER FUNCTION tenancy.tg_count_orders() OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy.tg_count_orders() FROM public;
GRANT EXECUTE ON FUNCTION tenancy.tg_count_orders()
TO tenancy_owner;
