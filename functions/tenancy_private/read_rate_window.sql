-- tenancy_private.read_rate_window(…): what of a window counts at p_now, and when p_cost fits in.
--
-- Result:      live is the first charge that is younger than 60 s; used their cost; fits_in is 0
--              when p_cost fits now, NULL when it never does.
-- Tests:       tests/functions/tenancy/test_rate_limit.py

CREATE OR REPLACE FUNCTION tenancy_private.read_rate_window(
    p_charged_at timestamptz[],
    p_costs integer[],
    p_rate bigint,
    p_cost bigint,
    p_now timestamptz,
    OUT live integer,
    OUT used bigint,
    OUT fits_in interval
)
RETURNS record
LANGUAGE plpgsql
STABLE
SECURITY INVOKER
AS $function$
DECLARE
    v_horizon timestamptz := p_now - interval '60 seconds';
    v_next integer;
    v_left bigint;
BEGIN
    live := 1;
    WHILE p_charged_at[live] <= v_horizon LOOP
        live := live + 1;
    END LOOP;
    used := 0;
    FOR i IN live .. coalesce(cardinality(p_costs), 0) LOOP
        used := used + p_costs[i];
    END LOOP;

    IF used + p_cost <= p_rate THEN
        fits_in := '0';
    ELSIF p_cost <= p_rate THEN
        v_next := live;
        v_left := used - p_costs[v_next];
        WHILE v_left + p_cost > p_rate LOOP
            v_next := v_next + 1;
            v_left := v_left - p_costs[v_next];
        END LOOP;
        fits_in := p_charged_at[v_next] - v_horizon;
    END IF;
END;
$function$;

COMMENT ON FUNCTION tenancy_private.read_rate_window(
    timestamptz[], integer[], bigint, bigint, timestamptz
) IS
'Read a rate window at a time.';

ALTER FUNCTION tenancy_private.read_rate_window(
    timestamptz[], integer[], bigint, bigint, timestamptz
) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy_private.read_rate_window(
    timestamptz[], integer[], bigint, bigint, timestamptz
) FROM public;
