-- tenancy.remove_member(p_tenant_id, p_user_id): the user can no longer enter the tenant.
--
-- Raises:      TN001 no such member. TN002 not permitted, or oneself.
-- Tests:       tests/functions/tenancy/test_members_and_keys.py

CREATE OR REPLACE FUNCTION tenancy.remove_member(p_tenant_id uuid, p_user_id uuid)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    PERFORM tenancy_private.require_administrator(p_tenant_id, 'remove_member');

    IF p_user_id = tenancy.actor_id() THEN
        RAISE EXCEPTION 'not permitted' USING
            ERRCODE = 'TN002', HINT = 'Another manager removes you.';
    END IF;

    DELETE FROM tenancy_private.member WHERE tenant_id = p_tenant_id AND user_id = p_user_id;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'resource not found' USING ERRCODE = 'TN001';
    END IF;
END;
$function$;

COMMENT ON FUNCTION tenancy.remove_member(uuid, uuid) IS
'End a membership. Raises TN001, TN002.';

ALTER FUNCTION tenancy.remove_member(uuid, uuid) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy.remove_member(uuid, uuid) FROM public;
GRANT EXECUTE ON FUNCTION tenancy.remove_member(uuid, uuid)
TO tenancy_manager, tenancy_admin;
