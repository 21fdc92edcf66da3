-- tenancy.close_ticket(p_ticket_id): end an access ticket before it expires.
--
-- Raises:      TN001 no such ticket.
-- Tests:       tests/functions/tenancy/test_open_admin_session.py

CREATE OR REPLACE FUNCTION tenancy.close_ticket(p_ticket_id uuid)
RETURNS timestamptz
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_closed_at timestamptz;
BEGIN
    UPDATE tenancy_private.access_ticket AS t
    SET closed_at = coalesce(t.closed_at, clock_timestamp())
    WHERE t.id = p_ticket_id
    RETURNING t.closed_at INTO v_closed_at;

    IF NOT FOUND THEN
        RAISE EXCEPTION 'resource not found' USING ERRCODE = 'TN001';
    END IF;

    RETURN v_closed_at;
END;
$function$;

COMMENT ON FUNCTION tenancy.close_ticket(uuid) IS
'Close an access ticket and return when it was closed. Idempotent. Raises TN001.';

ALTER FUNCTION tenancy.close_ticket(uuid) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy.close_ticket(uuid) FROM public;
GRANT EXECUTE ON FUNCTION tenancy.close_ticket(uuid)
TO tenancy_console;
