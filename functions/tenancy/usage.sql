-- tenancy.usage(): what the caller's tenant uses, beside its limits.
--
-- Units:       max_storage_gb in 2^30 bytes; used is rounded up to a thousandth.
-- Outside:     no rows.
-- Tests:       tests/functions/tenancy/test_limits.py

CREATE OR REPLACE FUNCTION tenancy.usage()
RETURNS TABLE (name text, used numeric, "limit" bigint, resets_at timestamptz)
LANGUAGE sql
STABLE
PARALLEL RESTRICTED
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
SELECT v.name, v.used, l.value, v.resets_at
FROM tenancy_private.tenant AS t
LEFT JOIN tenancy_private.usage_counter AS u ON t.id = u.tenant_id
CROSS JOIN LATERAL tenancy_private.month_at(
    t.id, coalesce(u.time_zone, 'UTC'), clock_timestamp()
) AS m
CROSS JOIN LATERAL (
    VALUES
    ('max_orders_per_month', m.orders::numeric, m.ends_at),
    ('max_pins', coalesce(u.pins, 0), NULL),
    ('max_storage_gb', ceil(coalesce(u.storage_bytes, 0) / 1073741.824) / 1000, NULL)
) AS v (name, used, resets_at)
CROSS JOIN LATERAL tenancy_private.limit_of(t.id, v.name) AS l (value)
WHERE t.id = (SELECT tenancy.tenant_id());
END;

COMMENT ON FUNCTION tenancy.usage() IS
'Usage and limit per name; a NULL limit is unlimited; resets_at is the end of the tenant''s month. No rows outside a tenant.';

ALTER FUNCTION tenancy.usage() OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy.usage() FROM public;
GRANT EXECUTE ON FUNCTION tenancy.usage()
TO tenancy_staff, tenancy_manager, tenancy_admin, tenancy_operator;
