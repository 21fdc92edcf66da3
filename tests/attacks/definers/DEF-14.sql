-- id: DEF-14
-- title: Call any public function as a role that was given nothing but the schemas
-- attacker: login
-- expect: blocked
-- answer: 42501
-- wins: ~ \[\(|\b(TN\d{3}|0A000|P0001|22\w{3}|23\w{3}|42804)\b
-- objects: app.tg_count_pin_comments app.tg_touch tenancy.actor_id tenancy.actor_role tenancy.add_tenant_column tenancy.close_ticket tenancy.create_tenant tenancy.enter tenancy.enter_system tenancy.issue_api_key tenancy.leave tenancy.list_api_keys tenancy.list_members tenancy.mint_context tenancy.mint_named_context tenancy.mint_system_context tenancy.open_admin_session tenancy.protect_table tenancy.protection_ddl tenancy.protection_obstacles tenancy.refuse_obstacles tenancy.register_jwt_issuer tenancy.register_table tenancy.remove_member tenancy.retire_context tenancy.revoke_api_key tenancy.rotate_context_key tenancy.set_member tenancy.set_tenant_context tenancy.set_tenant_status tenancy.tenant_id tenancy.tg_keep_identity tenancy.unprotect_table tenancy.unregister_table tenancy.uuidv7
-- why: EXECUTE is revoked from PUBLIC everywhere and granted by name; an answer of any other kind means
--   that the function ran.

-- @dba
CREATE ROLE attack_stranger;
-- ours
GRANT USAGE ON SCHEMA tenancy, app TO attack_stranger;
-- naive
GRANT USAGE ON SCHEMA app TO attack_stranger;
-- @app
SET LOCAL ROLE attack_stranger;
-- ours
-- try
SELECT app.tg_count_pin_comments();
-- ours
-- try
SELECT app.tg_touch();
-- ours
-- try
SELECT tenancy.actor_id();
-- ours
-- try
SELECT tenancy.actor_role();
-- ours
-- try
SELECT tenancy.add_tenant_column(NULL::regclass, NULL::boolean);
-- ours
-- try
SELECT tenancy.close_ticket(NULL::uuid);
-- ours
-- try
SELECT tenancy.create_tenant(NULL::text, NULL::text, NULL::text, NULL::text);
-- ours
-- try
SELECT tenancy.enter(NULL::text, NULL::jsonb);
-- ours
-- try
SELECT tenancy.enter_system(NULL::uuid, NULL::text);
-- ours
-- try
SELECT tenancy.issue_api_key(NULL::uuid, NULL::text, NULL::text, NULL::integer);
-- ours
-- try
SELECT tenancy.leave();
-- ours
-- try
SELECT tenancy.list_api_keys(NULL::uuid);
-- ours
-- try
SELECT tenancy.list_members(NULL::uuid);
-- ours
-- try
SELECT tenancy.mint_context(NULL::text, NULL::jsonb);
-- ours
-- try
SELECT tenancy.mint_named_context(NULL::text);
-- ours
-- try
SELECT tenancy.mint_system_context(NULL::uuid, NULL::text);
-- ours
-- try
SELECT tenancy.open_admin_session(NULL::uuid, NULL::text, NULL::integer);
-- ours
-- try
SELECT tenancy.protect_table(NULL::regclass, NULL::name);
-- ours
-- try
SELECT tenancy.protection_ddl(NULL::regclass);
-- ours
-- try
SELECT tenancy.protection_obstacles(NULL::regclass);
-- ours
-- try
SELECT tenancy.refuse_obstacles(NULL::regclass, NULL::boolean);
-- ours
-- try
SELECT tenancy.register_jwt_issuer(NULL::text, NULL::text, NULL::text, NULL::bytea, NULL::text, NULL::text);
-- ours
-- try
SELECT tenancy.register_table(NULL::regclass, NULL::name);
-- ours
-- try
SELECT tenancy.remove_member(NULL::uuid, NULL::uuid);
-- ours
-- try
SELECT tenancy.retire_context();
-- ours
-- try
SELECT tenancy.revoke_api_key(NULL::uuid, NULL::uuid);
-- ours
-- try
SELECT tenancy.rotate_context_key();
-- ours
-- try
SELECT tenancy.set_member(NULL::uuid, NULL::uuid, NULL::text);
-- ours
-- try
SELECT tenancy.set_tenant_context(NULL::text);
-- ours
-- try
SELECT tenancy.set_tenant_status(NULL::uuid, NULL::text);
-- ours
-- try
SELECT tenancy.tenant_id();
-- ours
-- try
SELECT tenancy.tg_keep_identity();
-- ours
-- try
SELECT tenancy.unprotect_table(NULL::regclass);
-- ours
-- try
SELECT tenancy.unregister_table(NULL::regclass);
-- ours
-- try
SELECT tenancy.uuidv7();
-- naive
SELECT public.export_customer('{b_customer}');
