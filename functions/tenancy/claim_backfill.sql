-- tenancy.claim_backfill(p_name, p_tenant_id): take the next tenant, for this transaction.
--
-- Lock:        the claim is a row lock: it ends with the transaction, however that ends. In it
--              enter the tenant, call the function, tenancy.note_backfill(), COMMIT.
-- Bound:       from here to its end the transaction enters no other tenant (TN003) and is no
--              platform (TN002), whatever the function tries.
-- Raises:      TN002 not the operator. TN050, TN051 the function may not be run any more, or has
--              changed. TN052 no such backfill.
-- Tests:       tests/functions/tenancy/test_backfill.py

CREATE OR REPLACE FUNCTION tenancy.claim_backfill(p_name text, p_tenant_id uuid DEFAULT NULL)
RETURNS uuid
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_run tenancy_private.backfill;
    v_tenant_id uuid;
    v_obstacle text;
BEGIN
    PERFORM tenancy_private.require_operator();
    SELECT b.* INTO v_run FROM tenancy_private.backfill AS b WHERE b.name = p_name;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no backfill %', p_name USING
            ERRCODE = 'TN052', HINT = 'tenancy.begin_backfill() first.';
    ELSIF v_run.sha256 <> tenancy_private.function_digest(
        tenancy_private.backfill_function(v_run.function)
    ) THEN
        RAISE EXCEPTION 'the function of backfill % has changed', p_name USING
            ERRCODE = 'TN051', HINT = 'Give a new run another name: every tenant is done again.';
    END IF;

    LOOP
        SELECT b.tenant_id INTO v_tenant_id
        FROM tenancy_private.backfill_tenant AS b
        WHERE b.backfill = p_name AND b.state = 'pending'
          AND (b.retry_at IS NULL OR b.retry_at <= clock_timestamp())
          AND b.tenant_id = coalesce(p_tenant_id, b.tenant_id)
        ORDER BY b.tenant_id
        LIMIT 1
        FOR NO KEY UPDATE SKIP LOCKED;
        v_obstacle := tenancy_private.backfill_obstacle(v_tenant_id);
        UPDATE tenancy_private.backfill_tenant AS b
        SET
            state = CASE WHEN v_obstacle IS NULL THEN b.state ELSE 'skipped' END,
            reason = coalesce(v_obstacle, b.reason),
            claimed_in = CASE WHEN v_obstacle IS NULL THEN tenancy_private.transaction_tag() END,
            began_at = coalesce(b.began_at, clock_timestamp())
        WHERE b.backfill = p_name AND b.tenant_id = v_tenant_id;
        EXIT WHEN v_obstacle IS NULL;
    END LOOP;
    RETURN v_tenant_id;
END;
$function$;

COMMENT ON FUNCTION tenancy.claim_backfill(text, uuid) IS
'Lock a tenant of a backfill that nobody works on (default: any) and return its id; NULL when there is none now. Raises TN002, TN050, TN051, TN052.';

ALTER FUNCTION tenancy.claim_backfill(text, uuid) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy.claim_backfill(text, uuid) FROM public;
GRANT EXECUTE ON FUNCTION tenancy.claim_backfill(text, uuid)
TO tenancy_operator;
