-- tenancy.withdraw_invitation(p_tenant_id, p_invitation_id): an invitation no longer works.
--
-- Raises:      TN001 no such open invitation. TN002 not permitted.
-- Tests:       tests/functions/tenancy/test_invitations.py

CREATE OR REPLACE FUNCTION tenancy.withdraw_invitation(p_tenant_id uuid, p_invitation_id uuid)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    PERFORM tenancy_private.require_administrator(p_tenant_id, 'withdraw_invitation');

    UPDATE tenancy_private.invitation AS i
    SET closed_at = clock_timestamp()
    WHERE i.tenant_id = p_tenant_id AND i.id = p_invitation_id AND i.closed_at IS NULL;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'resource not found' USING ERRCODE = 'TN001';
    END IF;
END;
$function$;

COMMENT ON FUNCTION tenancy.withdraw_invitation(uuid, uuid) IS
'Withdraw an invitation that nobody has accepted. Raises TN001, TN002.';

ALTER FUNCTION tenancy.withdraw_invitation(uuid, uuid) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy.withdraw_invitation(uuid, uuid) FROM public;
GRANT EXECUTE ON FUNCTION tenancy.withdraw_invitation(uuid, uuid)
TO tenancy_manager, tenancy_admin;
