-- tenancy.note_backfill(p_name, p_rows): what one call of the function did, in its transaction.
--
-- Exactly:     rows and their record commit together: a killed run neither loses nor repeats one.
-- Raises:      TN002 no backfill. TN052 the tenant is not claimed by this transaction. TN053 the
--              function returned no number of rows.
-- Tests:       tests/functions/tenancy/test_backfill.py

CREATE OR REPLACE FUNCTION tenancy.note_backfill(p_name text, p_rows bigint)
RETURNS boolean
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_tenant_id uuid := tenancy_private.require_job('backfill');
BEGIN
    IF p_rows IS NULL OR p_rows < 0 THEN
        RAISE EXCEPTION 'the function returned % instead of a number of rows', p_rows USING
            ERRCODE = 'TN053', HINT = 'It returns how many rows it changed; 0 when none is left.';
    END IF;

    UPDATE tenancy_private.backfill_tenant AS b
    SET
        state = CASE WHEN p_rows = 0 THEN 'done' ELSE 'pending' END,
        rows_changed = b.rows_changed + p_rows,
        calls = b.calls + 1,
        tries = 0,
        retry_at = NULL,
        error_code = NULL,
        reason = NULL,
        ended_at = CASE WHEN p_rows = 0 THEN clock_timestamp() END
    WHERE b.backfill = p_name AND b.tenant_id = v_tenant_id
      AND b.claimed_in = tenancy_private.transaction_tag();
    IF NOT FOUND THEN
        RAISE EXCEPTION 'this transaction has no claim in backfill %', p_name USING
            ERRCODE = 'TN052', HINT = 'tenancy.claim_backfill() first in the transaction.';
    END IF;

    RETURN p_rows = 0;
END;
$function$;

COMMENT ON FUNCTION tenancy.note_backfill(text, bigint) IS
'Add the rows of one call, inside the tenant; 0 ends it, and returns true. Raises TN002, TN052, TN053.';

ALTER FUNCTION tenancy.note_backfill(text, bigint) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy.note_backfill(text, bigint) FROM public;
GRANT EXECUTE ON FUNCTION tenancy.note_backfill(text, bigint)
TO tenancy_operator;
