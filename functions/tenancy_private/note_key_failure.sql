-- tenancy_private.note_key_failure(p_tenant_id): count a failure, and make the next one slower.
--
-- Unlogged:    the counts are lost in a crash; a read-only transaction counts nothing.
-- Tests:       tests/functions/tenancy/test_api_keys.py

CREATE OR REPLACE FUNCTION tenancy_private.note_key_failure(p_tenant_id uuid)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    PERFORM pg_sleep(least(50, f.failures) * 0.01)
    FROM tenancy_private.key_failure AS f
    WHERE f.tenant_id = p_tenant_id AND f.since > clock_timestamp() - interval '1 minute';
    IF current_setting('transaction_read_only') = 'on' THEN
        RETURN;
    END IF;

    INSERT INTO tenancy_private.key_failure AS f (tenant_id, since, failures)
    VALUES (p_tenant_id, clock_timestamp(), 1)
    ON CONFLICT (tenant_id) DO UPDATE
    SET since = CASE
            WHEN f.since > clock_timestamp() - interval '1 minute' THEN f.since
            ELSE excluded.since
        END,
        failures = CASE
            WHEN f.since > clock_timestamp() - interval '1 minute' THEN f.failures + 1
            ELSE 1
        END;
END;
$function$;

COMMENT ON FUNCTION tenancy_private.note_key_failure(uuid) IS
'Sleep 10 ms for each failure of this minute, at most half a second, then count one more.';

ALTER FUNCTION tenancy_private.note_key_failure(uuid) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy_private.note_key_failure(uuid) FROM public;
