-- tenancy.tg_count_storage(): keep usage_counter.storage_bytes, and refuse beyond max_storage_gb.
--
-- Tenant:      of the rows, because inside a cascade the wall does not apply.
-- Raises:      TN010 limit reached.
-- Tests:       tests/functions/tenancy/test_limits.py

CREATE OR REPLACE FUNCTION tenancy.tg_count_storage()
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
        SELECT c.tenant_id, sum(c.size_bytes) FROM changed AS c
        GROUP BY c.tenant_id ORDER BY c.tenant_id
    LOOP
        PERFORM tenancy_private.lock_usage(v_tenant_id);
        IF tg_op = 'DELETE' THEN
            v_bytes := -v_bytes;
        END IF;

        UPDATE tenancy_private.usage_counter AS u
        SET storage_bytes = greatest(u.storage_bytes + v_bytes, 0)
        WHERE u.tenant_id = v_tenant_id
        RETURNING u.storage_bytes INTO v_used;

        PERFORM tenancy_private.refuse_over_limit(v_tenant_id, 'max_storage_gb', v_used, v_bytes);
    END LOOP;

    RETURN NULL;
END;
$function$;

COMMENT ON FUNCTION tenancy.tg_count_storage() IS
'Trigger: sum up the sizes of stored objects. Raises TN010.';

ALTER FUNCTION tenancy.tg_count_storage() OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy.tg_count_storage() FROM public;
GRANT EXECUTE ON FUNCTION tenancy.tg_count_storage()
TO tenancy_owner;
