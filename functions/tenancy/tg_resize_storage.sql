-- tenancy.tg_resize_storage(): keep usage_counter.storage_bytes when sizes change.
--
-- No column list: PostgreSQL allows none beside transition tables; other updates cost two sums.
-- Raises:      TN010 limit reached.
-- Tests:       tests/functions/tenancy/test_limits.py

CREATE OR REPLACE FUNCTION tenancy.tg_resize_storage()
RETURNS trigger
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_tenant_id uuid;
    v_bytes numeric;
    v_used numeric;
BEGIN
    IF tenancy_private.is_purge() THEN
        RETURN NULL;
    END IF;

    FOR v_tenant_id, v_bytes IN
        SELECT d.tenant_id, sum(d.bytes)
        FROM (
            SELECT c.tenant_id, c.size_bytes::numeric AS bytes FROM changed AS c
            UNION ALL
            SELECT b.tenant_id, -b.size_bytes::numeric FROM before AS b
        ) AS d
        GROUP BY d.tenant_id HAVING sum(d.bytes) <> 0 ORDER BY d.tenant_id
    LOOP
        PERFORM tenancy_private.lock_usage(v_tenant_id);

        UPDATE tenancy_private.usage_counter AS u
        SET storage_bytes = greatest(u.storage_bytes + v_bytes, 0)
        WHERE u.tenant_id = v_tenant_id
        RETURNING u.storage_bytes INTO v_used;

        PERFORM tenancy_private.refuse_over_limit(v_tenant_id, 'max_storage_gb', v_used, v_bytes);
    END LOOP;

    RETURN NULL;
END;
$function$;

COMMENT ON FUNCTION tenancy.tg_resize_storage() IS
'Trigger: count changed sizes of stored objects. Raises TN010.';

ALTER FUNCTION tenancy.tg_resize_storage() OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy.tg_resize_storage() FROM public;
GRANT EXECUTE ON FUNCTION tenancy.tg_resize_storage()
TO tenancy_owner;
