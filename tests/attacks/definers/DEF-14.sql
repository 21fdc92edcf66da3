-- id: DEF-14
-- title: Call any public function as a role that was given nothing but the schemas
-- attacker: login
-- expect: blocked
-- answer: 42501
-- wins: ~ \[\(|\b(TN\d{3}|0A000|P0001|22\w{3}|23\w{3}|42804)\b
-- objects: api.set_tenant_context app.count_rows app.delete_rows app.digest_rows app.import_rows app.make_defaults app.open_rows app.orders_between app.tg_count_pin_comments app.tg_touch app.usage_of tenancy.accept_invitation tenancy.actor_id tenancy.actor_role tenancy.add_tenant_column tenancy.add_tenant_index tenancy.archive_tables tenancy.begin_backfill tenancy.begin_offboarding tenancy.begin_purge tenancy.begin_restore tenancy.check_rate_limit tenancy.claim_backfill tenancy.claim_custom_domain tenancy.close_ticket tenancy.confirm_custom_domain tenancy.create_tenant tenancy.current_tenant tenancy.door_ddl tenancy.enter tenancy.enter_system tenancy.export_members tenancy.export_tenant tenancy.fail_backfill tenancy.feature tenancy.finish_purge tenancy.grant_ddl tenancy.import_members tenancy.import_tenant tenancy.invite_member tenancy.is_lifecycle_job tenancy.is_well_formed_credential tenancy.issue_api_key tenancy.lead_key_with_tenant tenancy.leave tenancy.list_api_keys tenancy.list_backfill tenancy.list_evidence tenancy.list_invitations tenancy.list_members tenancy.list_tenants tenancy.may_write tenancy.mint_context tenancy.mint_named_context tenancy.mint_request_context tenancy.mint_system_context tenancy.note_backfill tenancy.open_admin_session tenancy.pre_request tenancy.protect_table tenancy.protection_ddl tenancy.protection_obstacles tenancy.purge_receipt tenancy.purge_tenant_batch tenancy.reconcile_tenant tenancy.reconcile_usage tenancy.refuse_obstacles tenancy.register_jwt_issuer tenancy.register_table tenancy.remove_member tenancy.reset_limit tenancy.retire_context tenancy.retry_backfill tenancy.review_evidence tenancy.revoke_all_grants tenancy.revoke_api_key tenancy.revoke_jwt_issuer tenancy.rotate_api_key tenancy.rotate_context_key tenancy.rotate_webhook_secret tenancy.set_actor_rate tenancy.set_config tenancy.set_feature tenancy.set_limit tenancy.set_member tenancy.set_plan tenancy.set_tenant_context tenancy.set_tenant_status tenancy.sign_webhook tenancy.table_order tenancy.tenant_for_host tenancy.tenant_id tenancy.tenant_state tenancy.tg_count_orders tenancy.tg_count_pins tenancy.tg_count_storage tenancy.tg_keep_identity tenancy.tg_lock_usage tenancy.tg_note_time_zone tenancy.tg_resize_storage tenancy.transactions_in_context tenancy.unprotect_table tenancy.unregister_table tenancy.usage tenancy.uuidv7 tenancy.verify_api_key tenancy.wall_ddl tenancy.withdraw_invitation
-- why: EXECUTE is revoked from PUBLIC everywhere and granted by name; an answer of any other kind means
--   that the function ran.

-- @dba
CREATE ROLE attack_stranger;
-- ours
GRANT USAGE ON SCHEMA tenancy, app, api TO attack_stranger;
-- naive
GRANT USAGE ON SCHEMA app TO attack_stranger;
-- @app
SET LOCAL ROLE attack_stranger;
-- ours
-- try
SELECT api.set_tenant_context(NULL::text);
-- ours
-- try
SELECT app.count_rows(NULL::regclass);
-- ours
-- try
SELECT app.delete_rows(NULL::regclass[], NULL::integer);
-- ours
-- try
SELECT app.digest_rows(NULL::regclass);
-- ours
-- try
SELECT app.import_rows(NULL::regclass, NULL::json, NULL::uuid);
-- ours
-- try
SELECT app.make_defaults();
-- ours
-- try
SELECT app.open_rows(NULL::regclass);
-- ours
-- try
SELECT app.orders_between(NULL::uuid, NULL::timestamp with time zone, NULL::timestamp with time zone);
-- ours
-- try
SELECT app.tg_count_pin_comments();
-- ours
-- try
SELECT app.tg_touch();
-- ours
-- try
SELECT app.usage_of(NULL::uuid);
-- ours
-- try
SELECT tenancy.accept_invitation(NULL::text, NULL::text);
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
SELECT tenancy.add_tenant_index(NULL::regclass);
-- ours
-- try
SELECT tenancy.archive_tables();
-- ours
-- try
SELECT tenancy.begin_backfill(NULL::text, NULL::text);
-- ours
-- try
SELECT tenancy.begin_offboarding(NULL::uuid, NULL::text, NULL::interval);
-- ours
-- try
SELECT tenancy.begin_purge(NULL::text, NULL::text);
-- ours
-- try
SELECT tenancy.begin_restore();
-- ours
-- try
SELECT tenancy.check_rate_limit(NULL::text, NULL::integer);
-- ours
-- try
SELECT tenancy.claim_backfill(NULL::text, NULL::uuid);
-- ours
-- try
SELECT tenancy.claim_custom_domain(NULL::uuid, NULL::text);
-- ours
-- try
SELECT tenancy.close_ticket(NULL::uuid);
-- ours
-- try
SELECT tenancy.confirm_custom_domain(NULL::text, NULL::text[]);
-- ours
-- try
SELECT tenancy.create_tenant(NULL::text, NULL::text, NULL::text, NULL::text, NULL::text, NULL::text, NULL::text, NULL::uuid);
-- ours
-- try
SELECT tenancy.current_tenant();
-- ours
-- try
SELECT tenancy.door_ddl(NULL::regclass);
-- ours
-- try
SELECT tenancy.enter(NULL::text, NULL::jsonb);
-- ours
-- try
SELECT tenancy.enter_system(NULL::uuid, NULL::text);
-- ours
-- try
SELECT tenancy.export_members(NULL::uuid, NULL::integer);
-- ours
-- try
SELECT tenancy.export_tenant();
-- ours
-- try
SELECT tenancy.fail_backfill(NULL::text, NULL::uuid, NULL::text, NULL::text);
-- ours
-- try
SELECT tenancy.feature(NULL::text);
-- ours
-- try
SELECT tenancy.finish_purge();
-- ours
-- try
SELECT tenancy.grant_ddl(NULL::regclass);
-- ours
-- try
SELECT tenancy.import_members(NULL::json);
-- ours
-- try
SELECT tenancy.import_tenant(NULL::jsonb, NULL::text);
-- ours
-- try
SELECT tenancy.invite_member(NULL::uuid, NULL::text, NULL::text, NULL::integer);
-- ours
-- try
SELECT tenancy.is_lifecycle_job();
-- ours
-- try
SELECT tenancy.is_well_formed_credential(NULL::text);
-- ours
-- try
SELECT tenancy.issue_api_key(NULL::uuid, NULL::text, NULL::text, NULL::integer, NULL::text[]);
-- ours
-- try
SELECT tenancy.lead_key_with_tenant(NULL::regclass);
-- ours
-- try
SELECT tenancy.leave();
-- ours
-- try
SELECT tenancy.list_api_keys(NULL::uuid);
-- ours
-- try
SELECT tenancy.list_backfill(NULL::text, NULL::text);
-- ours
-- try
SELECT tenancy.list_evidence(NULL::boolean);
-- ours
-- try
SELECT tenancy.list_invitations(NULL::uuid);
-- ours
-- try
SELECT tenancy.list_members(NULL::uuid);
-- ours
-- try
SELECT tenancy.list_tenants(NULL::uuid, NULL::integer);
-- ours
-- try
SELECT tenancy.may_write();
-- ours
-- try
SELECT tenancy.mint_context(NULL::text, NULL::jsonb);
-- ours
-- try
SELECT tenancy.mint_named_context(NULL::text);
-- ours
-- try
SELECT tenancy.mint_request_context();
-- ours
-- try
SELECT tenancy.mint_system_context(NULL::uuid, NULL::text);
-- ours
-- try
SELECT tenancy.note_backfill(NULL::text, NULL::bigint);
-- ours
-- try
SELECT tenancy.open_admin_session(NULL::uuid, NULL::text, NULL::integer);
-- ours
-- try
SELECT tenancy.pre_request();
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
SELECT tenancy.purge_receipt(NULL::uuid);
-- ours
-- try
SELECT tenancy.purge_tenant_batch(NULL::integer);
-- ours
-- try
SELECT tenancy.reconcile_tenant(NULL::uuid);
-- ours
-- try
SELECT tenancy.reconcile_usage(NULL::uuid);
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
SELECT tenancy.reset_limit(NULL::uuid, NULL::text);
-- ours
-- try
SELECT tenancy.retire_context();
-- ours
-- try
SELECT tenancy.retry_backfill(NULL::text, NULL::uuid);
-- ours
-- try
SELECT tenancy.review_evidence(NULL::uuid);
-- ours
-- try
SELECT tenancy.revoke_all_grants(NULL::regclass);
-- ours
-- try
SELECT tenancy.revoke_api_key(NULL::uuid, NULL::uuid);
-- ours
-- try
SELECT tenancy.revoke_jwt_issuer(NULL::text, NULL::text);
-- ours
-- try
SELECT tenancy.rotate_api_key(NULL::uuid, NULL::uuid, NULL::interval, NULL::integer);
-- ours
-- try
SELECT tenancy.rotate_context_key();
-- ours
-- try
SELECT tenancy.rotate_webhook_secret(NULL::uuid, NULL::interval);
-- ours
-- try
SELECT tenancy.set_actor_rate(NULL::uuid, NULL::uuid, NULL::integer);
-- ours
-- try
SELECT tenancy.set_config(NULL::text, NULL::text, NULL::boolean);
-- ours
-- try
SELECT tenancy.set_feature(NULL::uuid, NULL::text, NULL::jsonb);
-- ours
-- try
SELECT tenancy.set_limit(NULL::uuid, NULL::text, NULL::bigint);
-- ours
-- try
SELECT tenancy.set_member(NULL::uuid, NULL::uuid, NULL::text);
-- ours
-- try
SELECT tenancy.set_plan(NULL::uuid, NULL::text);
-- ours
-- try
SELECT tenancy.set_tenant_context(NULL::text);
-- ours
-- try
SELECT tenancy.set_tenant_status(NULL::uuid, NULL::text, NULL::text);
-- ours
-- try
SELECT tenancy.sign_webhook(NULL::text, NULL::timestamp with time zone, NULL::text);
-- ours
-- try
SELECT tenancy.table_order(NULL::boolean);
-- ours
-- try
SELECT tenancy.tenant_for_host(NULL::text);
-- ours
-- try
SELECT tenancy.tenant_id();
-- ours
-- try
SELECT tenancy.tenant_state(NULL::text);
-- ours
-- try
SELECT tenancy.tg_count_orders();
-- ours
-- try
SELECT tenancy.tg_count_pins();
-- ours
-- try
SELECT tenancy.tg_count_storage();
-- ours
-- try
SELECT tenancy.tg_keep_identity();
-- ours
-- try
SELECT tenancy.tg_lock_usage();
-- ours
-- try
SELECT tenancy.tg_note_time_zone();
-- ours
-- try
SELECT tenancy.tg_resize_storage();
-- ours
-- try
SELECT tenancy.transactions_in_context();
-- ours
-- try
SELECT tenancy.unprotect_table(NULL::regclass);
-- ours
-- try
SELECT tenancy.unregister_table(NULL::regclass);
-- ours
-- try
SELECT tenancy.usage();
-- ours
-- try
SELECT tenancy.uuidv7();
-- ours
-- try
SELECT tenancy.verify_api_key(NULL::text, NULL::text);
-- ours
-- try
SELECT tenancy.wall_ddl(NULL::regclass);
-- ours
-- try
SELECT tenancy.withdraw_invitation(NULL::uuid, NULL::uuid);
-- naive
SELECT public.export_customer('{b_customer}');
