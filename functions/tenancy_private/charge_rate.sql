-- tenancy_private.charge_rate(…): charge a window, unless that exceeds its rate.
--
-- Sliding:     no 60 s have more than the rate. Up to 128 a minute each charge keeps its own time;
--              beyond, they are rounded up to half seconds, so that a row never grows.
-- Optimistic:  the window is read, and written if nobody wrote it meanwhile; else it is locked. A
--              flood that is refused takes no lock at all. p_now is for tests.
-- Read-only:   says what would be answered, and charges nothing.
-- Tests:       tests/functions/tenancy/test_rate_limit.py

CREATE OR REPLACE FUNCTION tenancy_private.charge_rate(
    p_tenant_id uuid,
    p_action text,
    p_actor_id uuid,
    p_cost integer,
    p_now timestamptz DEFAULT NULL,
    OUT allowed boolean,
    OUT remaining integer,
    OUT retry_after interval
)
RETURNS record
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_rate record := tenancy_private.rate_of(p_tenant_id, p_action, p_actor_id);
    v_is_read_only boolean := current_setting('transaction_read_only');
    v_window tenancy_private.rate_window;
    v_state record;
    v_now timestamptz;
BEGIN
    FOR v_step IN 1 .. 2 LOOP
        v_window := tenancy_private.rate_window_of(
            p_tenant_id, p_action, v_rate.holder, v_step = 2
        );
        v_now := coalesce(p_now, clock_timestamp());
        v_state := tenancy_private.read_rate_window(
            v_window.charged_at, v_window.costs, v_rate.per_minute, p_cost, v_now
        );
        allowed := v_state.fits_in IS NOT DISTINCT FROM interval '0';
        EXIT WHEN NOT allowed OR v_is_read_only OR tenancy_private.write_rate_window(
            v_window, v_state.live, v_rate.per_minute, p_cost, v_now
        );
    END LOOP;

    remaining := greatest(
        v_rate.per_minute - v_state.used - CASE WHEN allowed THEN p_cost ELSE 0 END, 0
    );
    retry_after := v_state.fits_in;
END;
$function$;

COMMENT ON FUNCTION tenancy_private.charge_rate(uuid, text, uuid, integer, timestamptz) IS
'Charge the rate window of a tenant, action and actor.';

ALTER FUNCTION tenancy_private.charge_rate(uuid, text, uuid, integer, timestamptz)
OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy_private.charge_rate(uuid, text, uuid, integer, timestamptz)
FROM public;
