"""Probes of a tenant's life: sign-up, keys, limits, archives and the end."""

import json
import time
import uuid

from psycopg import sql

from tenancy.behaviour import _ISSUER, SECRET, World, expect, jwt, one, probe, refused


@probe("create_tenant insert_tenant claim_slug slug_skeleton repeated_request describe_tenant "
       "reconcile_tenant make_defaults create_api_key create_webhook_secret log_status change_status "
       "note_platform_action require_administrator list_tenants list_evidence review_evidence "
       "rotate_api_key is_well_formed_credential credential_checksum list_invitations invite_member "
       "withdraw_invitation rotate_webhook_secret claim_custom_domain list_api_keys list_members "
       "revoke_jwt_issuer")  # fmt: skip
def _sign_up(w: World) -> None:
    create = "SELECT tenancy.create_tenant('Prover', 'hotel', %s, p_idempotency_key => 'prover')"
    with w.admin() as conn:
        made = one(conn, create, "zebra-crossing")
        tenant = made["tenant_id"]
        expect(made["status"], "active", "a new tenant's status")
        expect(one(conn, create, "zebra-crossing")["is_new"], False, "the same sign-up again")
        refused(conn, "TN031", "another sign-up by the same key", create, "another-crossing")
        refused(conn, "TN005", "a slug that looks like another",
                "SELECT tenancy.create_tenant('P', 'hotel', 'zebra-cr0ssing')")  # fmt: skip
        expect(one(conn, "SELECT tenancy.reconcile_tenant(%s)", tenant), 0, "nothing is missing")
        listed = "SELECT slug FROM tenancy.list_tenants(%s, 1000) WHERE tenant_id = %s"
        first = uuid.UUID(int=0)
        expect(one(conn, listed, first, tenant), "zebra-crossing", "a tenant in the list")
        key = one(conn, "SELECT id FROM tenancy.list_api_keys(%s) WHERE kind = 'secret'", tenant)
        new = one(conn, "SELECT tenancy.rotate_api_key(%s, %s)", tenant, key)
        formed = "SELECT tenancy.is_well_formed_credential(%s)"
        expect(
            (one(conn, formed, new), one(conn, formed, new[:-1])), (True, False), "shape of keys"
        )
        members = one(conn, "SELECT count(*) FROM tenancy.list_members(%s)", tenant)
        expect(members, 1, "members of a new tenant")
        conn.execute("SELECT tenancy.invite_member(%s, 'prover@example.com')", [tenant])
        invited = one(conn, "SELECT id FROM tenancy.list_invitations(%s)", tenant)
        conn.execute("SELECT tenancy.withdraw_invitation(%s, %s)", [tenant, invited])
        secret = one(conn, "SELECT tenancy.rotate_webhook_secret(%s)", tenant)
        expect(secret[:6], "whsec_", "a webhook secret")
        claim = "SELECT tenancy.claim_custom_domain(%s, %s)"
        conn.execute(claim, [tenant, "prover.example"])
        refused(conn, "TN032", "a name of the platform", claim, tenant, "x.chi-pins.com")
        actions = one(
            conn,
            "SELECT string_agg(what, ' ' ORDER BY performed_at) FROM tenancy.list_evidence() "
            "WHERE tenant_id = %s",
            tenant,
        )
        expect(
            actions,
            "create_tenant rotate_api_key invite_member withdraw_invitation "
            "rotate_webhook_secret claim_custom_domain",
            "evidence of what the platform did",
        )
        first = one(conn, "SELECT id FROM tenancy.list_evidence() LIMIT 1")
        conn.execute("SELECT tenancy.review_evidence(%s)", [first])
        refused(conn, "TN001", "a second review", "SELECT tenancy.review_evidence(%s)", first)
        expect(
            one(conn, "SELECT tenancy.revoke_jwt_issuer(%s)", _ISSUER),
            1,
            "keys of an issuer revoked",
        )


@probe("verify_api_key note_key_failure note_key_use api_key_use identify_api_key accept_invitation "
       "invite_member sign_webhook rotate_webhook_secret tenant_for_host confirm_custom_domain "
       "find_tenant_of_host current_tenant may_write pre_request mint_request_context request_headers "
       "request_credential request_key set_config")  # fmt: skip
def _keys_hosts_and_invitations(w: World) -> None:
    own = str(w.ids["own"])
    with w.connect("gateway") as conn:
        verify = "SELECT tenancy.verify_api_key(%s, %s)"
        expect(one(conn, verify, w.keys["staff"], own), True, "a key of the tenant")
        expect(one(conn, verify, w.keys["other staff"], own), False, "a key of another tenant")
        expect(one(conn, verify, w.keys["revoked"], own), False, "a key that was revoked")
        host = "SELECT tenancy.tenant_for_host('other.prover.test')"
        expect(one(conn, host), w.ids["other"], "whose host it is")
        conn.rollback()
        headers = sql.Literal(json.dumps({"apikey": w.keys["staff"]})).as_string(conn)
        conn.execute(f"SET LOCAL request.headers = {headers}")
        conn.execute("SELECT tenancy.pre_request()")
        expect(one(conn, "SELECT tenancy.tenant_id()"), w.ids["own"], "who sent a request")
        counter = "SELECT tenancy.set_config('pgrst.inserted', '7', true)"
        expect(one(conn, counter), "7", "the counter of an upsert")
        refused(conn, "42501", "another setting",
                "SELECT tenancy.set_config('tenancy.context', 'x', true)")  # fmt: skip
        conn.rollback()
    with w.connect("dba") as dba:
        dba.execute(
            "INSERT INTO tenancy_private.api_key_use (key_id) SELECT id FROM tenancy_private.api_key "
            "WHERE id = %s ON CONFLICT (key_id) DO UPDATE SET used_at = NULL",
            [w.ids["key staff"]],
        )
        dba.execute(
            "INSERT INTO tenancy_private.custom_domain (tenant_id, domain, token) "
            "VALUES (%s, 'prover.example', 'proof') ON CONFLICT DO NOTHING",
            [w.ids["own"]],
        )
    with w.inside("staff") as conn:
        conn.commit()
    used = "SELECT used_at IS NOT NULL FROM tenancy_private.api_key_use WHERE key_id = %s"
    with w.connect("dba") as dba:
        expect(one(dba, used, w.ids["key staff"]), True, "a use on record")
    with w.connect("operator") as conn:
        confirm = "SELECT tenancy.confirm_custom_domain('prover.example', '{proof}')"
        conn.execute("SET LOCAL ROLE tenancy_operator")
        expect(one(conn, confirm), w.ids["own"], "who proved a domain")
        conn.rollback()
    with w.inside("manager") as conn:
        expect(one(conn, "SELECT tenancy.may_write()"), True, "a manager may write")
        expect(
            one(conn, "SELECT tenant_id FROM tenancy.current_tenant()"), w.ids["own"], "who I am"
        )
        conn.execute("SELECT tenancy.rotate_webhook_secret(tenancy.tenant_id())")
        signed = one(conn, "SELECT tenancy.sign_webhook('m', now(), 'payload')")
        expect(signed[:3], "v1,", "a signature")
        token = one(conn, "SELECT tenancy.invite_member(tenancy.tenant_id(), 'p@example.com')")
        conn.execute("SELECT tenancy.leave()")
        somebody = jwt(SECRET + b"live", {"iss": _ISSUER, "aud": "prover", "sub": str(uuid.uuid4()),
                                          "exp": time.time() + 60})  # fmt: skip
        accept = "SELECT tenancy.accept_invitation(%s, %s)"
        expect(one(conn, accept, token, somebody), w.ids["own"], "who invited")
        refused(conn, "TN001", "the same invitation again", accept, token, somebody)


@probe("usage feature set_plan set_limit reset_limit set_feature set_actor_rate check_rate_limit "
       "reconcile_usage charge_rate rate_of read_rate_window limit_of tg_lock_usage tg_count_pins "
       "tg_count_orders tg_count_storage lock_usage refuse_over_limit is_over_rate")  # fmt: skip
def _limits(w: World) -> None:
    own = w.ids["own"]
    with w.admin() as conn:
        conn.execute("SELECT tenancy.set_plan(%s, 'starter')", [own])
        conn.execute("SELECT tenancy.set_limit(%s, 'max_pins', 3)", [own])
        conn.execute("SELECT tenancy.reset_limit(%s, 'max_pins')", [own])
        conn.execute("SELECT tenancy.set_feature(%s, 'analytics', 'false')", [own])
        conn.execute("SELECT tenancy.set_actor_rate(%s, %s, 7)", [own, w.ids["person"]])
    with w.connect("operator") as conn:
        conn.execute("SELECT tenancy.enter_system(%s, 'counting')", [own])
        conn.execute("SELECT tenancy.reconcile_usage(%s)", [own])
        conn.rollback()
    with w.inside("staff") as conn:
        used = "SELECT used FROM tenancy.usage() WHERE name = 'max_pins'"
        before = one(conn, used)
        conn.execute("INSERT INTO app.pins (title) VALUES ('prover')")
        expect(one(conn, used), before + 1, "pins that are counted")
        month = "SELECT used FROM tenancy.usage() WHERE name = 'max_orders_per_month'"
        stored = "SELECT used FROM tenancy.usage() WHERE name = 'max_storage_gb'"
        orders, bytes_ = one(conn, month), one(conn, stored)
        conn.execute("INSERT INTO app.orders (order_number) VALUES ('prover')")
        expect(one(conn, month), orders + 1, "orders that are counted")
        bucket = one(conn, "SELECT id FROM app.storage_buckets LIMIT 1")
        size = 2**30
        conn.execute(
            "INSERT INTO app.storage_objects (bucket_id, path, size_bytes) VALUES (%s, '/p', %s)",
            [bucket, size],
        )
        expect(one(conn, stored), bytes_ + 1, "storage that is counted")
        conn.execute("UPDATE app.storage_objects SET size_bytes = %s WHERE path = '/p'", [2 * size])
        expect(one(conn, stored), bytes_ + 2, "storage that grows")
        expect(one(conn, "SELECT tenancy.feature('photo_booth')"), True, "a feature of the plan")
        charge = "SELECT allowed FROM tenancy.check_rate_limit('prover', 60)"
        expect((one(conn, charge), one(conn, charge)), (True, False), "100 a minute")
    with w.inside("manager") as conn:
        before = [one(conn, q) for q in (used, month, stored)]
        conn.execute("INSERT INTO app.pins (title) VALUES ('prover')")
        conn.execute("INSERT INTO app.orders (order_number) VALUES ('prover')")
        conn.execute(
            "INSERT INTO app.storage_objects (bucket_id, path, size_bytes) VALUES (%s, '/p', %s)",
            [bucket, size],
        )
        conn.execute("DELETE FROM app.pins WHERE title = 'prover'")
        conn.execute("DELETE FROM app.orders WHERE order_number = 'prover'")
        conn.execute("DELETE FROM app.storage_objects WHERE path = '/p'")
        expect([one(conn, q) for q in (used, month, stored)], before, "what a deletion gives back")


@probe("tg_lock_usage lock_usage tg_note_time_zone _050_lock_usage _400_note_time_zone usage_month "
       "usage open_month")  # fmt: skip
def _counters_and_zones(w: World) -> None:
    own = w.ids["own"]
    for statement in (
        "DELETE FROM app.pins WHERE false",
        "DELETE FROM app.orders WHERE false",
        "DELETE FROM app.storage_objects WHERE false",
        "UPDATE app.settings SET time_zone = time_zone WHERE false",
    ):
        with w.inside("manager") as one_, w.inside("manager") as two:
            one_.execute("INSERT INTO app.pins (title) VALUES ('prover')")
            two.execute("SET LOCAL lock_timeout = '100ms'")
            refused(two, "55P03", f"the lock of the counters comes first: {statement}", statement)
    with w.connect("dba") as dba:
        dba.execute("DELETE FROM tenancy_private.usage_month WHERE tenant_id = %s", [own])
    with w.inside("manager") as conn:
        ends = "SELECT resets_at FROM tenancy.usage() WHERE name = 'max_orders_per_month'"
        first = one(conn, ends)
        conn.execute("UPDATE app.settings SET time_zone = 'Pacific/Pago_Pago'")
        expect(one(conn, ends) != first, True, "another zone ends the month at another time")


@probe("tenant_feature actor_rate custom_domain resource rate_window purge_receipt tenant_limit",
       hostile=False)  # fmt: skip
def _two_tenants_have_the_same(w: World) -> None:
    """Give two tenants the same of everything: no key but the tenant's own is in the way."""
    with w.admin() as conn:
        for tenant in (w.ids["own"], w.ids["other"]):
            conn.execute("SELECT tenancy.set_feature(%s, 'prover', 'true')", [tenant])
            conn.execute("SELECT tenancy.set_limit(%s, 'rate_per_minute:prover', 9)", [tenant])
            conn.execute("SELECT tenancy.set_actor_rate(%s, %s, 9)", [tenant, w.ids["wanderer"]])
            conn.execute("SELECT tenancy.claim_custom_domain(%s, 'both.example')", [tenant])
        for slug in ("zebra-one", "giraffe-two"):
            conn.execute("SELECT tenancy.create_tenant('Prover', 'hotel', %s)", [slug])
    with w.connect("dba") as dba:
        for table in ("rate_window", "purge_receipt"):
            dba.execute(f"DELETE FROM tenancy_private.{table}")
            for tenant in (w.ids["own"], w.ids["other"]):
                values = (
                    f"(tenant_id, action, actor_id) VALUES (%s, 'a', '{uuid.UUID(int=0)}')"
                    if table == "rate_window"
                    else "(tenant_id, resource, is_kept, rows_before) VALUES (%s, 'a', false, 0)"
                )
                dba.execute(f"INSERT INTO tenancy_private.{table} {values}", [tenant])
        dba.rollback()


@probe("tenant_state transactions_in_context table_order tenant_table archive_tables archive_columns "
       "export_tenant export_members open_rows import_tenant import_members import_rows digest_rows "
       "begin_restore require_job platform_role is_lifecycle_job clone_id count_rows")  # fmt: skip
def _archives(w: World) -> None:
    own = w.ids["own"]
    with w.connect("operator") as conn:
        # First in the transaction: plpgsql asks for EXECUTE once in each, whoever calls then.
        conn.execute("SELECT tenancy.enter_system(%s, 'export')", [own])
        conn.execute("SELECT app.open_rows('app.customers')")
        conn.rollback()
        conn.execute("SELECT tenancy.enter_system(%s, 'export')", [own])
        record = one(conn, "SELECT tenancy.export_tenant()")
        members = [m for (m,) in conn.execute("SELECT tenancy.export_members(NULL, 10)")]
        expect(bool(members), True, "members of an export")
        conn.execute("SELECT * FROM tenancy.archive_tables()")
        cursor = one(conn, "SELECT app.open_rows('app.customers')")
        row = one(conn, sql.SQL("FETCH 1 FROM {}").format(sql.Identifier(cursor)).as_string(conn))
        conn.rollback()
        conn.execute("SET LOCAL ROLE tenancy_operator")
        state = "SELECT status FROM tenancy.tenant_state(%s)"
        expect(one(conn, state, record["slug"]), "active", "the state of a tenant")
        conn.execute("SELECT * FROM tenancy.transactions_in_context()")
        conn.execute("SELECT * FROM tenancy.table_order()")
        clone = one(conn, "SELECT tenancy.import_tenant(%s, 'prover-clone')", json.dumps(record))
        conn.execute("SELECT tenancy.enter_system(%s, 'import')", [clone])
        shown = json.dumps([{**m, "user_id": str(uuid.uuid4())} for m in members])
        expect(
            one(conn, "SELECT tenancy.import_members(%s)", shown), len(members), "members imported"
        )
        imported = one(
            conn,
            "SELECT rows FROM app.import_rows('app.customers', %s, %s)",
            json.dumps([json.loads(row) if isinstance(row, str) else row]),
            own,
        )
        expect(imported, 1, "rows imported into a clone")
        digest = one(conn, "SELECT rows FROM app.digest_rows('app.customers')")
        expect(digest, 1, "rows of the clone")
        conn.rollback()
    with w.connect("dba") as conn:
        conn.execute("SET LOCAL ROLE tenancy_builder")
        expect(one(conn, "SELECT tenancy.is_lifecycle_job()"), False, "a job of a builder")
    with w.connect("operator") as conn:
        conn.execute("SELECT tenancy.enter_system(%s, 'import')", [w.ids["read_only"]])
        conn.execute("SELECT tenancy.begin_restore()")
        conn.rollback()


@probe("begin_offboarding begin_purge purge_tenant_batch purge_step delete_rows finish_purge "
       "purge_receipt open_receipt refuse_unreachable count_rows is_purge change_status")  # fmt: skip
def _the_end(w: World) -> None:
    with w.connect("dba") as dba:
        log = "tenancy_private.tenant_status_log"
        dba.execute(
            f"INSERT INTO {log} (id, tenant_id, to_status, reason, changed_by, changed_as) "
            "VALUES (gen_random_uuid(), %s, 'active', 'a reason of ten letters', 'p', 'p')",
            [w.ids["own"]],
        )
        refused(dba, "TN027", "an edited log", f"UPDATE {log} SET reason = reason")
        refused(dba, "TN027", "a shortened log", f"DELETE FROM {log}")
        refused(dba, "TN027", "an emptied log", f"TRUNCATE {log}")
        dba.rollback()
    with w.connect("operator") as conn:
        tenant = w.ids["suspended"]
        conn.execute("SET LOCAL ROLE tenancy_operator")
        why = "to prove that a tenant ends"
        conn.execute("SELECT tenancy.begin_offboarding(%s, %s, interval '0')", [tenant, why])
        conn.execute("SELECT tenancy.enter_system(%s, 'purge')", [tenant])
        conn.execute("SELECT tenancy.begin_purge(NULL, %s)", [why])
        while one(conn, "SELECT tenancy.purge_tenant_batch(1000)"):
            pass
        conn.execute("SELECT tenancy.finish_purge()")
        conn.execute("SELECT tenancy.leave(); SET LOCAL ROLE tenancy_operator")
        left = "SELECT count(*) FROM tenancy.purge_receipt(%s) WHERE NOT is_kept AND rows_after > 0"
        expect(one(conn, left, tenant), 0, "tables with rows of a purged tenant")
        conn.rollback()


@probe("begin_backfill retry_backfill claim_backfill note_backfill fail_backfill list_backfill "
       "backfill_function backfill_obstacle function_digest claimed_tenant require_operator "
       "platform_role mint_system_context backfill_tenant")  # fmt: skip
def _backfills(w: World) -> None:
    own, other = w.ids["own"], w.ids["other"]
    make = "CREATE OR REPLACE FUNCTION prover_jobs.{} RETURNS integer LANGUAGE sql {} AS 'SELECT 0'"
    with w.connect("dba") as dba:
        dba.execute(
            "CREATE SCHEMA IF NOT EXISTS prover_jobs; "
            "GRANT USAGE ON SCHEMA prover_jobs TO tenancy_operator; "
            f"{make.format('ready()', 'COST 1')}; {make.format('above()', 'SECURITY DEFINER')}; "
            "DELETE FROM tenancy_private.backfill_tenant; DELETE FROM tenancy_private.backfill"
        )
    begin = "SELECT name FROM tenancy.begin_backfill(%s, %s)"
    claim, note = "SELECT tenancy.claim_backfill('p', %s)", "SELECT tenancy.note_backfill('p', %s)"
    fail = "SELECT tenancy.fail_backfill('p', %s, 'P0001', 'x')"
    listed = "SELECT count(*) FROM tenancy.list_backfill('p') WHERE tenant_id IN (%s, %s)"
    enter, role = "SELECT tenancy.enter_system(%s, %s)", "SET LOCAL ROLE tenancy_operator"
    suspend = "SELECT tenancy.set_tenant_status(%s, 'suspended', 'a hostile backfill')"
    with w.connect("operator") as conn:
        conn.execute(role)
        for _ in range(2):
            expect(one(conn, begin, "prover_jobs.ready", "p"), "p", "the name of a backfill")
            expect(one(conn, listed, own, other), 2, "two tenants of a backfill, once each")
        refused(conn, "TN050", "a definer above row security", begin, "prover_jobs.above", "q")
        conn.commit()
        conn.execute(role)
        expect(one(conn, claim, own), own, "a tenant that is claimed")
        refused(conn, "TN002", "two claims of one transaction", claim, other)
        for purpose in ("backfill", "export"):
            conn.execute(enter, [own, "backfill"])
            conn.execute("SET LOCAL tenancy.context = ''")
            tenant = other if purpose == "backfill" else own
            refused(conn, "TN003", f"a cleared context, then {purpose}", enter, tenant, purpose)
        conn.execute(role)
        refused(conn, "TN002", "the platform's own after a claim", suspend, other)
        conn.execute(enter, [own, "backfill"])
        expect((one(conn, note, 3), one(conn, note, 0)), (False, True), "rows, then none left")
        conn.rollback()
        conn.execute(enter, [own, "backfill"])
        refused(conn, "TN052", "a record without a claim", note, 1)
        conn.rollback()
        conn.execute(role)
        expect(one(conn, fail, own), "failed", "a failure on record")
        expect(one(conn, claim, own), None, "a claim of what failed")
        expect(one(conn, "SELECT tenancy.retry_backfill('p', %s)", own), 1, "failures to retry")
        expect(one(conn, claim, own), own, "a claim of what is tried again")
        conn.rollback()
    with w.admin() as conn:
        expect(one(conn, listed, own, other), 2, "a backfill, seen by the platform")
    with w.connect("dba") as dba:
        dba.execute(role)
        refused(dba, "TN002", "a backfill of a superuser", begin, "prover_jobs.ready", "p")
        dba.execute("RESET ROLE")
        dba.execute(make.format("ready()", "COST 2"))
    with w.connect("operator") as conn:
        conn.execute(role)
        refused(conn, "TN051", "another definition", claim, own)
    with w.connect("dba") as dba:  # a check would find it
        dba.execute("DROP SCHEMA prover_jobs CASCADE")
