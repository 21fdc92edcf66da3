-- tenancy.open_admin_session(p_tenant_id, p_reason, p_minutes): break-glass for one tenant.
--
-- Evidence:    the ticket is a row that waits for review. It works only after COMMIT, so whatever
--              is done with it cannot be rolled back out of sight.
-- Raises:      TN001 no such tenant here. TN004 no reason, or not 1 to 480 minutes.
-- Tests:       tests/functions/tenancy/test_open_admin_session.py

CREATE OR REPLACE FUNCTION tenancy.open_admin_session(
    p_tenant_id uuid,
    p_reason text,
    p_minutes integer DEFAULT 30
)
RETURNS text
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_ticket text := tenancy_private.random_secret('at_');
BEGIN
    IF length(btrim(coalesce(p_reason, ''))) NOT BETWEEN 10 AND 1000
        OR p_minutes IS NULL OR p_minutes NOT BETWEEN 1 AND 480
    THEN
        RAISE EXCEPTION 'an admin session needs a reason and 1 to 480 minutes' USING
            ERRCODE = 'TN004',
            HINT = 'Give the reason in a sentence of 10 to 1000 characters.';
    END IF;

    IF NOT EXISTS (
        SELECT
        FROM tenancy_private.tenant AS t
        INNER JOIN tenancy_private.node AS n ON t.region = n.region
        WHERE t.id = p_tenant_id
    ) THEN
        RAISE EXCEPTION 'resource not found' USING ERRCODE = 'TN001';
    END IF;

    INSERT INTO tenancy_private.access_ticket
        (id, tenant_id, digest, opened_by, reason, expires_at)
    VALUES (
        tenancy.uuidv7(), p_tenant_id, sha256(convert_to(v_ticket, 'UTF8')), session_user,
        btrim(p_reason), clock_timestamp() + make_interval(mins => p_minutes)
    );

    RETURN v_ticket;
END;
$function$;

COMMENT ON FUNCTION tenancy.open_admin_session(uuid, text, integer) IS
'Open an access ticket for one tenant and return its secret, once; it works after COMMIT. Raises TN001, TN004.';

ALTER FUNCTION tenancy.open_admin_session(uuid, text, integer) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy.open_admin_session(uuid, text, integer) FROM public;
GRANT EXECUTE ON FUNCTION tenancy.open_admin_session(uuid, text, integer)
TO tenancy_console;
