-- tenancy_private.note_key_use(p_key_id): record that a key was used, once an hour.
--
-- Never waits: a row that somebody else is writing is skipped; what is read-only writes nothing.
-- Tests:       tests/functions/tenancy/test_api_keys.py

CREATE OR REPLACE FUNCTION tenancy_private.note_key_use(p_key_id uuid)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    IF p_key_id IS NULL OR current_setting('transaction_read_only') = 'on' THEN
        RETURN;
    END IF;

    UPDATE tenancy_private.api_key_use AS u
    SET used_at = clock_timestamp()
    WHERE u.key_id IN (
        SELECT w.key_id
        FROM tenancy_private.api_key_use AS w
        WHERE w.key_id = p_key_id
        FOR UPDATE SKIP LOCKED
    );
END;
$function$;

COMMENT ON FUNCTION tenancy_private.note_key_use(uuid) IS
'Set the last use of a key to now, unless somebody else is at it.';

ALTER FUNCTION tenancy_private.note_key_use(uuid) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy_private.note_key_use(uuid) FROM public;
