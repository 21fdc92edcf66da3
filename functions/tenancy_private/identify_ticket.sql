-- tenancy_private.identify_ticket(p_credential): the administrator behind an access ticket.
--
-- Later:       a ticket works only when the transaction that opened it has committed, so that a
--              ROLLBACK cannot erase the evidence of what it was used for.
-- Tests:       tests/functions/tenancy/test_open_admin_session.py

CREATE OR REPLACE FUNCTION tenancy_private.identify_ticket(p_credential text)
RETURNS tenancy_private.identity
LANGUAGE plpgsql
STABLE
PARALLEL RESTRICTED
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_identity tenancy_private.identity;
BEGIN
    SELECT t.tenant_id, t.id, 'admin', true, NULL
    INTO v_identity
    FROM tenancy_private.access_ticket AS t
    WHERE t.digest = sha256(convert_to(p_credential, 'UTF8'))
      AND t.closed_at IS NULL
      AND t.expires_at > clock_timestamp()
      AND t.opened_in IS DISTINCT FROM pg_current_xact_id_if_assigned();

    RETURN v_identity;
END;
$function$;

COMMENT ON FUNCTION tenancy_private.identify_ticket(text) IS
'Identity of an open access ticket of an earlier transaction; all NULL for any other text.';

ALTER FUNCTION tenancy_private.identify_ticket(text) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy_private.identify_ticket(text) FROM public;
