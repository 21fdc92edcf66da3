-- tenancy.set_member(p_tenant_id, p_user_id, p_role): add a member, or change their role.
--
-- Nobody changes their own role: a tenant cannot lose its last manager by a slip.
-- Raises:      TN002 not permitted, or oneself. 23514 no such role.
-- Tests:       tests/functions/tenancy/test_members_and_keys.py

CREATE OR REPLACE FUNCTION tenancy.set_member(p_tenant_id uuid, p_user_id uuid, p_role text)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    PERFORM tenancy_private.require_administrator(p_tenant_id, 'set_member');

    IF p_user_id = tenancy.actor_id() THEN
        RAISE EXCEPTION 'not permitted' USING
            ERRCODE = 'TN002', HINT = 'Another manager changes your role.';
    END IF;

    INSERT INTO tenancy_private.member (tenant_id, user_id, role)
    VALUES (p_tenant_id, p_user_id, p_role)
    ON CONFLICT (tenant_id, user_id) DO UPDATE SET role = excluded.role;
END;
$function$;

COMMENT ON FUNCTION tenancy.set_member(uuid, uuid, text) IS
'Make a user a customer, staff or manager of a tenant. Raises TN002, 23514.';

ALTER FUNCTION tenancy.set_member(uuid, uuid, text) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy.set_member(uuid, uuid, text) FROM public;
GRANT EXECUTE ON FUNCTION tenancy.set_member(uuid, uuid, text)
TO tenancy_manager, tenancy_admin;
