-- include: sql/borrow.sql
-- Take the owner roles for the length of this transaction; sql/return.sql gives them back.
-- A superuser needs none. On PostgreSQL 16 and later this takes ADMIN OPTION on each role, which
-- its creator has; `tenancy migrate --preflight` prints the GRANT that is missing otherwise.

DO $borrow$
DECLARE
    v_role name;
BEGIN
    FOREACH v_role IN ARRAY ARRAY['tenancy_kernel', 'tenancy_owner', 'tenancy_auditor'] LOOP
        IF NOT pg_catalog.pg_has_role(current_user, v_role, 'USAGE') THEN
            EXECUTE pg_catalog.format('GRANT %I TO %I', v_role, current_user);
        END IF;
    END LOOP;
END;
$borrow$;

-- undo: functions/tenancy_private/verify_jwt.sql
DROP FUNCTION tenancy_private.verify_jwt(text);

-- undo: functions/tenancy_private/verified_context.sql
DROP FUNCTION tenancy_private.verified_context();

-- undo: functions/tenancy_private/transaction_tag.sql
DROP FUNCTION tenancy_private.transaction_tag();

-- undo: functions/tenancy_private/tg_end_of_maintenance.sql
DROP FUNCTION tenancy_private.tg_end_of_maintenance();

-- undo: functions/tenancy_private/sign_context.sql
DROP FUNCTION tenancy_private.sign_context(uuid, uuid, text, jsonb);

-- undo: functions/tenancy_private/request_credential.sql
DROP FUNCTION tenancy_private.request_credential();

-- undo: functions/tenancy_private/random_secret.sql
DROP FUNCTION tenancy_private.random_secret(text);

-- undo: functions/tenancy_private/may_enter.sql
DROP FUNCTION tenancy_private.may_enter(uuid, jsonb);

-- undo: functions/tenancy_private/may_administer.sql
DROP FUNCTION tenancy_private.may_administer(uuid);

-- undo: functions/tenancy_private/identify_ticket.sql
DROP FUNCTION tenancy_private.identify_ticket(text);

-- undo: functions/tenancy_private/identify_jwt.sql
DROP FUNCTION tenancy_private.identify_jwt(text, jsonb);

-- undo: functions/tenancy_private/identify_api_key.sql
DROP FUNCTION tenancy_private.identify_api_key(text);

-- undo: functions/tenancy_private/hmac_pads.sql
DROP FUNCTION tenancy_private.hmac_pads(bytea);

-- undo: functions/tenancy_private/find_tenant.sql
DROP FUNCTION tenancy_private.find_tenant(text);

-- undo: functions/tenancy_private/end_maintenance.sql
DROP FUNCTION tenancy_private.end_maintenance(regclass);

-- undo: functions/tenancy_private/decode_base64url.sql
DROP FUNCTION tenancy_private.decode_base64url(text);

-- undo: functions/tenancy_private/context_mac.sql
DROP FUNCTION tenancy_private.context_mac(text, text);

-- undo: functions/tenancy_private/context_in_force.sql
DROP FUNCTION tenancy_private.context_in_force();

-- undo: functions/tenancy_private/begin_maintenance.sql
DROP FUNCTION tenancy_private.begin_maintenance(regclass);

-- undo: functions/tenancy/uuidv7.sql
DROP FUNCTION tenancy.uuidv7();

-- undo: functions/tenancy/unregister_table.sql
DROP FUNCTION tenancy.unregister_table(regclass);

-- undo: functions/tenancy/unprotect_table.sql
DROP FUNCTION tenancy.unprotect_table(regclass);

-- undo: functions/tenancy/tg_keep_identity.sql
DROP FUNCTION tenancy.tg_keep_identity();

-- undo: functions/tenancy/tenant_id.sql
DROP FUNCTION tenancy.tenant_id();

-- undo: functions/tenancy/set_tenant_status.sql
DROP FUNCTION tenancy.set_tenant_status(uuid, text);

-- undo: functions/tenancy/set_tenant_context.sql
DROP FUNCTION tenancy.set_tenant_context(text);

-- undo: functions/tenancy/set_member.sql
DROP FUNCTION tenancy.set_member(uuid, uuid, text);

-- undo: functions/tenancy/rotate_context_key.sql
DROP FUNCTION tenancy.rotate_context_key();

-- undo: functions/tenancy/revoke_api_key.sql
DROP FUNCTION tenancy.revoke_api_key(uuid, uuid);

-- undo: functions/tenancy/retire_context.sql
DROP FUNCTION tenancy.retire_context();

-- undo: functions/tenancy/remove_member.sql
DROP FUNCTION tenancy.remove_member(uuid, uuid);

-- undo: functions/tenancy/register_table.sql
DROP FUNCTION tenancy.register_table(regclass, name);

-- undo: functions/tenancy/register_jwt_issuer.sql
DROP FUNCTION tenancy.register_jwt_issuer(text, text, text, bytea, text, text);

-- undo: functions/tenancy/refuse_obstacles.sql
DROP FUNCTION tenancy.refuse_obstacles(regclass, boolean);

-- undo: functions/tenancy/protection_obstacles.sql
DROP FUNCTION tenancy.protection_obstacles(regclass);

-- undo: functions/tenancy/protection_ddl.sql
DROP FUNCTION tenancy.protection_ddl(regclass);

-- undo: functions/tenancy/protect_table.sql
DROP FUNCTION tenancy.protect_table(regclass, name);

-- undo: functions/tenancy/open_admin_session.sql
DROP FUNCTION tenancy.open_admin_session(uuid, text, integer);

-- undo: functions/tenancy/mint_system_context.sql
DROP FUNCTION tenancy.mint_system_context(uuid, text);

-- undo: functions/tenancy/mint_named_context.sql
DROP FUNCTION tenancy.mint_named_context(text);

-- undo: functions/tenancy/mint_context.sql
DROP FUNCTION tenancy.mint_context(text, jsonb);

-- undo: functions/tenancy/list_members.sql
DROP FUNCTION tenancy.list_members(uuid);

-- undo: functions/tenancy/list_api_keys.sql
DROP FUNCTION tenancy.list_api_keys(uuid);

-- undo: functions/tenancy/leave.sql
DROP FUNCTION tenancy.leave();

-- undo: functions/tenancy/issue_api_key.sql
DROP FUNCTION tenancy.issue_api_key(uuid, text, text, integer);

-- undo: functions/tenancy/enter_system.sql
DROP FUNCTION tenancy.enter_system(uuid, text);

-- undo: functions/tenancy/enter.sql
DROP FUNCTION tenancy.enter(text, jsonb);

-- undo: functions/tenancy/create_tenant.sql
DROP FUNCTION tenancy.create_tenant(text, text, text, text);

-- undo: functions/tenancy/close_ticket.sql
DROP FUNCTION tenancy.close_ticket(uuid);

-- undo: functions/tenancy/add_tenant_column.sql
DROP FUNCTION tenancy.add_tenant_column(regclass, boolean);

-- undo: functions/tenancy/actor_role.sql
DROP FUNCTION tenancy.actor_role();

-- undo: functions/tenancy/actor_id.sql
DROP FUNCTION tenancy.actor_id();

-- undo: functions/app/tg_touch.sql
DROP FUNCTION app.tg_touch();

-- undo: functions/app/tg_count_pin_comments.sql
DROP FUNCTION app.tg_count_pin_comments();

-- include: sql/return.sql
-- Give back what sql/borrow.sql took: no membership in an owner role outlives the migration.
-- Only grants that the current user made to themself are revoked, never those of somebody else.

DO $return$
DECLARE
    v_role name;
BEGIN
    FOR v_role IN
        SELECT r.rolname
        FROM pg_catalog.pg_auth_members AS m
        INNER JOIN pg_catalog.pg_roles AS r ON m.roleid = r.oid
        WHERE m.member = m.grantor
          AND pg_catalog.pg_get_userbyid(m.member) = current_user
          AND r.rolname IN ('tenancy_kernel', 'tenancy_owner', 'tenancy_auditor')
    LOOP
        EXECUTE pg_catalog.format('REVOKE %I FROM %I', v_role, current_user);
    END LOOP;
END;
$return$;
