-- tenancy_private.wait_for_others(p_wait): until those who are inside a tenant now have ended.
--
-- Why:         a status that was committed binds who enters later, not who entered before.
-- Raises:      TN042 some are still open; their pids are in the message.
-- Tests:       tests/functions/tenancy/test_move_tenant.py

CREATE OR REPLACE FUNCTION tenancy_private.wait_for_others(p_wait interval)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_until timestamptz := clock_timestamp() + p_wait;
    v_before text[] := ARRAY(
        SELECT t.virtualtransaction FROM tenancy.transactions_in_context() AS t
    );
    v_pids text;
BEGIN
    LOOP
        SELECT string_agg(DISTINCT t.pid::text, ', ') INTO v_pids
        FROM tenancy.transactions_in_context() AS t
        WHERE t.virtualtransaction = ANY (v_before);
        EXIT WHEN v_pids IS NULL;
        IF clock_timestamp() > v_until THEN
            RAISE EXCEPTION 'transactions that began earlier are open: pid %', v_pids USING
                ERRCODE = 'TN042', HINT = 'Call again when they have ended.';
        END IF;

        PERFORM pg_sleep(0.01);
    END LOOP;
END;
$function$;

COMMENT ON FUNCTION tenancy_private.wait_for_others(interval) IS
'Wait, at most so long, for the transactions that may have entered a tenant before this call. Raises TN042.';

ALTER FUNCTION tenancy_private.wait_for_others(interval) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy_private.wait_for_others(interval) FROM public;
