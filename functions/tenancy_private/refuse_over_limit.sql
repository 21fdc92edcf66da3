-- tenancy_private.refuse_over_limit(p_tenant_id, p_name, p_used, p_added): enforce a limit.
--
-- Binds:       whoever works in the tenant. Jobs (import, move) and sessions without a context
--              (maintenance) are counted, and not refused.
-- Raises:      TN010 limit reached.
-- Tests:       tests/functions/tenancy/test_limits.py

CREATE OR REPLACE FUNCTION tenancy_private.refuse_over_limit(
    p_tenant_id uuid,
    p_name text,
    p_used numeric,
    p_added numeric
)
RETURNS void
LANGUAGE plpgsql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_unit numeric := CASE p_name WHEN 'max_storage_gb' THEN 1073741824 ELSE 1 END;
    v_limit numeric := v_unit * tenancy_private.limit_of(p_tenant_id, p_name);
BEGIN
    IF p_added > 0 AND p_used > v_limit AND tenancy.actor_role() <> 'operator' THEN
        RAISE EXCEPTION 'limit reached: %', p_name USING
            ERRCODE = 'TN010',
            DETAIL = format(
                'limit %s, usage %s, requested %s%s', v_limit, p_used - p_added, p_added,
                CASE p_name WHEN 'max_storage_gb' THEN ' (bytes)' ELSE '' END
            ),
            HINT = 'Delete rows, or ask for a higher limit: SELECT * FROM tenancy.usage().';
    END IF;
END;
$function$;

COMMENT ON FUNCTION tenancy_private.refuse_over_limit(uuid, text, numeric, numeric) IS
'Raise TN010 when an addition exceeds a limit of the tenant.';

ALTER FUNCTION tenancy_private.refuse_over_limit(uuid, text, numeric, numeric)
OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy_private.refuse_over_limit(uuid, text, numeric, numeric) FROM public;
