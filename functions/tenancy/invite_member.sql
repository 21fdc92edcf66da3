-- tenancy.invite_member(p_tenant_id, p_email, p_role, p_days): a one-time token for an address.
--
-- Stored:      only its digest. An older invitation of the same address ends.
-- Raises:      TN002 not permitted. TN004 not 1 to 30 days. 23514 no address, or no such role.
-- Tests:       tests/functions/tenancy/test_invitations.py

CREATE OR REPLACE FUNCTION tenancy.invite_member(
    p_tenant_id uuid,
    p_email text,
    p_role text DEFAULT 'staff',
    p_days integer DEFAULT 7
)
RETURNS text
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_token text := tenancy_private.random_secret('inv_');
BEGIN
    PERFORM tenancy_private.require_administrator(p_tenant_id, 'invite_member');

    IF p_days IS NULL OR p_days NOT BETWEEN 1 AND 30 THEN
        RAISE EXCEPTION 'an invitation lasts 1 to 30 days'
            USING ERRCODE = 'TN004', HINT = 'Invite again later.';
    END IF;

    UPDATE tenancy_private.invitation AS i
    SET closed_at = clock_timestamp()
    WHERE i.tenant_id = p_tenant_id AND lower(i.email) = lower(p_email) AND i.closed_at IS NULL;
    INSERT INTO tenancy_private.invitation
        (id, tenant_id, digest, email, role, invited_by, expires_at)
    VALUES (
        tenancy.uuidv7(), p_tenant_id, sha256(convert_to(v_token, 'UTF8')), p_email, p_role,
        tenancy.actor_id(), clock_timestamp() + make_interval(days => p_days)
    );

    RETURN v_token;
END;
$function$;

COMMENT ON FUNCTION tenancy.invite_member(uuid, text, text, integer) IS
'Invite an address to be a member and return the token, once. Raises TN002, TN004, 23514.';

ALTER FUNCTION tenancy.invite_member(uuid, text, text, integer) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy.invite_member(uuid, text, text, integer) FROM public;
GRANT EXECUTE ON FUNCTION tenancy.invite_member(uuid, text, text, integer)
TO tenancy_manager, tenancy_admin;
