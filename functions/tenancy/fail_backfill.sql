-- tenancy.fail_backfill(…): why a call failed, after its transaction was rolled back.
--
-- Later:       a lock timeout, a deadlock or a serialization failure is tried eight times more,
--              0.1 s later at first, twice that each time; anything else is an end.
-- No data:     DETAIL never comes here, and quoted values of a data exception are cut out.
-- Raises:      TN002 not the operator. TN004 no SQLSTATE.
-- Tests:       tests/functions/tenancy/test_backfill.py

CREATE OR REPLACE FUNCTION tenancy.fail_backfill(
    p_name text,
    p_tenant_id uuid,
    p_error_code text,
    p_reason text
)
RETURNS text
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_is_passing boolean := p_error_code IN ('55P03', '40P01', '40001');
    v_state text;
BEGIN
    PERFORM tenancy_private.require_operator();
    IF p_error_code !~ '^[0-9A-Z]{5}$' IS NOT FALSE THEN
        RAISE EXCEPTION 'not an SQLSTATE' USING
            ERRCODE = 'TN004', HINT = 'Five digits and capital letters.';
    ELSIF tenancy_private.backfill_obstacle(p_tenant_id) IS NOT NULL THEN
        RETURN NULL;  -- the next claim skips it
    END IF;

    -- Whoever has it by now notes what became of it.
    PERFORM
    FROM tenancy_private.backfill_tenant AS b
    WHERE b.backfill = p_name AND b.tenant_id = p_tenant_id AND b.state = 'pending'
    FOR NO KEY UPDATE SKIP LOCKED;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;

    UPDATE tenancy_private.backfill_tenant AS b
    SET
        state = CASE WHEN v_is_passing AND b.tries < 8 THEN 'pending' ELSE 'failed' END,
        tries = b.tries + 1,
        retry_at = clock_timestamp() + interval '0.1 s' * 2 ^ b.tries * (0.5 + random()),
        error_code = p_error_code,
        reason = left(
            CASE
                WHEN p_error_code ~ '^22' THEN regexp_replace(p_reason, '".*"', '"…"')
                ELSE p_reason
            END, 500
        ),
        ended_at = CASE WHEN v_is_passing AND b.tries < 8 THEN NULL ELSE clock_timestamp() END
    WHERE b.backfill = p_name AND b.tenant_id = p_tenant_id
    RETURNING b.state INTO v_state;
    RETURN v_state;
END;
$function$;

COMMENT ON FUNCTION tenancy.fail_backfill(text, uuid, text, text) IS
'Record SQLSTATE and message of a failed call and return pending or failed; NULL when another has the tenant. Raises TN002, TN004.';

ALTER FUNCTION tenancy.fail_backfill(text, uuid, text, text) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy.fail_backfill(text, uuid, text, text) FROM public;
GRANT EXECUTE ON FUNCTION tenancy.fail_backfill(text, uuid, text, text)
TO tenancy_operator;
