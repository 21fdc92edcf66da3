-- tenancy_private.write_rate_window(p_window, p_live, p_rate, p_cost, p_now): add a charge.
--
-- Result:      false when the window is not what it was when it was read.
-- Tests:       tests/functions/tenancy/test_rate_limit.py

CREATE OR REPLACE FUNCTION tenancy_private.write_rate_window(
    p_window tenancy_private.rate_window,
    p_live integer,
    p_rate bigint,
    p_cost integer,
    p_now timestamptz
)
RETURNS boolean
LANGUAGE plpgsql
VOLATILE
SECURITY INVOKER
AS $function$
DECLARE
    v_times timestamptz[] := p_window.charged_at[p_live:];
    v_costs integer[] := p_window.costs[p_live:];
    v_last integer := cardinality(v_times);
    v_at timestamptz := p_now;
BEGIN
    IF p_rate > 128 THEN
        v_at := date_bin('500 milliseconds', p_now, 'epoch') + interval '500 milliseconds';
    END IF;

    IF v_times[v_last] >= v_at THEN
        v_costs[v_last] := v_costs[v_last] + p_cost;
    ELSE
        v_times := v_times || v_at;
        v_costs := v_costs || p_cost;
    END IF;

    UPDATE tenancy_private.rate_window AS w
    SET charged_at = v_times, costs = v_costs, last_at = clock_timestamp(), version = w.version + 1
    WHERE w.tenant_id = p_window.tenant_id
      AND w.action = p_window.action
      AND w.actor_id = p_window.actor_id
      AND w.version = p_window.version;

    RETURN found;
END;
$function$;

COMMENT ON FUNCTION tenancy_private.write_rate_window(
    tenancy_private.rate_window, integer, bigint, integer, timestamptz
) IS
'Add a charge to a rate window that nobody changed since it was read.';

ALTER FUNCTION tenancy_private.write_rate_window(
    tenancy_private.rate_window, integer, bigint, integer, timestamptz
) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy_private.write_rate_window(
    tenancy_private.rate_window, integer, bigint, integer, timestamptz
) FROM public;
