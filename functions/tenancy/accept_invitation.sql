-- tenancy.accept_invitation(p_token, p_credential): become a member of the tenant that invited.
--
-- Proof:       both: the token that was sent, and a JWT that says who accepts. Outside any tenant.
-- Rank:        a member who is more already stays what they are.
-- Raises:      TN001 anything that is not exactly right.
-- Tests:       tests/functions/tenancy/test_invitations.py

CREATE OR REPLACE FUNCTION tenancy.accept_invitation(p_token text, p_credential text)
RETURNS uuid
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_uuid CONSTANT text := '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$';
    v_user_id text := tenancy_private.verify_jwt(p_credential) ->> 'sub';
    v_tenant_id uuid;
    v_role text;
    v_email text;
BEGIN
    IF octet_length(p_token) <= 200 AND v_user_id ~* v_uuid THEN
        UPDATE tenancy_private.invitation AS i
        SET closed_at = clock_timestamp(), user_id = v_user_id::uuid
        WHERE i.digest = sha256(convert_to(p_token, 'UTF8'))
          AND i.closed_at IS NULL
          AND i.expires_at > clock_timestamp()
          AND tenancy_private.may_enter(i.tenant_id, i.role, '{}')
        RETURNING i.tenant_id, i.role, i.email INTO v_tenant_id, v_role, v_email;
    END IF;
    IF v_tenant_id IS NULL THEN
        RAISE EXCEPTION 'resource not found' USING ERRCODE = 'TN001';
    END IF;

    INSERT INTO tenancy_private.member AS m (tenant_id, user_id, role, email)
    VALUES (v_tenant_id, v_user_id::uuid, v_role, v_email)
    ON CONFLICT (tenant_id, user_id) DO UPDATE
    SET email = excluded.email,
        role = (
            SELECT r.role FROM tenancy.tenant_role AS r
            WHERE r.role IN (m.role, excluded.role) ORDER BY r.rank DESC LIMIT 1
        );

    RETURN v_tenant_id;
END;
$function$;

COMMENT ON FUNCTION tenancy.accept_invitation(text, text) IS
'Accept an invitation as the user of a JWT and return the tenant. Once. Raises TN001.';

ALTER FUNCTION tenancy.accept_invitation(text, text) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy.accept_invitation(text, text) FROM public;
GRANT EXECUTE ON FUNCTION tenancy.accept_invitation(text, text)
TO tenancy_gateway;
