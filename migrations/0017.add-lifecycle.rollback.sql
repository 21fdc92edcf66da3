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

-- drop: functions/app/count_rows.sql
DROP FUNCTION app.count_rows(regclass);

-- drop: functions/app/delete_rows.sql
DROP FUNCTION app.delete_rows(regclass[], integer);

-- drop: functions/app/digest_rows.sql
DROP FUNCTION app.digest_rows(regclass);

-- drop: functions/app/import_rows.sql
DROP FUNCTION app.import_rows(regclass, json, uuid);

-- drop: functions/app/open_rows.sql
DROP FUNCTION app.open_rows(regclass);

-- drop: functions/tenancy/archive_tables.sql
DROP FUNCTION tenancy.archive_tables();

-- drop: functions/tenancy/begin_offboarding.sql
DROP FUNCTION tenancy.begin_offboarding(uuid, text, interval);

-- drop: functions/tenancy/begin_purge.sql
DROP FUNCTION tenancy.begin_purge(text, text);

-- drop: functions/tenancy/begin_restore.sql
DROP FUNCTION tenancy.begin_restore();

-- drop: functions/tenancy/export_members.sql
DROP FUNCTION tenancy.export_members(uuid, integer);

-- drop: functions/tenancy/export_tenant.sql
DROP FUNCTION tenancy.export_tenant();

-- drop: functions/tenancy/finish_purge.sql
DROP FUNCTION tenancy.finish_purge();

-- drop: functions/tenancy/import_members.sql
DROP FUNCTION tenancy.import_members(json);

-- drop: functions/tenancy/import_tenant.sql
DROP FUNCTION tenancy.import_tenant(jsonb, text);

-- drop: functions/tenancy/is_lifecycle_job.sql
DROP FUNCTION tenancy.is_lifecycle_job();

-- clear: functions/tenancy/mint_system_context.sql
DROP FUNCTION tenancy.mint_system_context(uuid, text);

-- drop: functions/tenancy/purge_receipt.sql
DROP FUNCTION tenancy.purge_receipt(uuid);

-- drop: functions/tenancy/purge_tenant_batch.sql
DROP FUNCTION tenancy.purge_tenant_batch(integer);

-- clear: functions/tenancy/set_tenant_status.sql
DROP FUNCTION tenancy.set_tenant_status(uuid, text, text);

-- drop: functions/tenancy/table_order.sql
DROP FUNCTION tenancy.table_order(boolean);

-- drop: functions/tenancy/tenant_state.sql
DROP FUNCTION tenancy.tenant_state(text);

-- drop: functions/tenancy/transactions_in_context.sql
DROP FUNCTION tenancy.transactions_in_context();

-- drop: functions/tenancy_private/archive_columns.sql
DROP FUNCTION tenancy_private.archive_columns(regclass);

-- drop: functions/tenancy_private/change_status.sql
DROP FUNCTION tenancy_private.change_status(uuid, text, text, text);

-- drop: functions/tenancy_private/clone_id.sql
DROP FUNCTION tenancy_private.clone_id(uuid, uuid);

-- drop: functions/tenancy_private/count_rows.sql
DROP FUNCTION tenancy_private.count_rows(uuid, regclass, text);

-- drop: functions/tenancy_private/is_purge.sql
DROP FUNCTION tenancy_private.is_purge();

-- drop: functions/tenancy_private/log_status.sql
DROP FUNCTION tenancy_private.log_status(uuid, text, text, text);

-- clear: functions/tenancy_private/may_enter.sql
DROP FUNCTION tenancy_private.may_enter(uuid, text, jsonb);

-- drop: functions/tenancy_private/open_receipt.sql
DROP FUNCTION tenancy_private.open_receipt(uuid);

-- drop: functions/tenancy_private/platform_role.sql
DROP FUNCTION tenancy_private.platform_role();

-- drop: functions/tenancy_private/purge_step.sql
DROP FUNCTION tenancy_private.purge_step(uuid, text, regclass[], integer);

-- drop: functions/tenancy_private/refuse_unreachable.sql
DROP FUNCTION tenancy_private.refuse_unreachable();

-- drop: functions/tenancy_private/require_job.sql
DROP FUNCTION tenancy_private.require_job(text);

-- drop: functions/tenancy_private/require_platform.sql
DROP FUNCTION tenancy_private.require_platform();

-- drop: functions/tenancy_private/tenant_table.sql
DROP FUNCTION tenancy_private.tenant_table();

-- drop: sql/triggers/tenancy_private/tenant_status_log.sql
DROP TRIGGER _100_append_only ON tenancy_private.tenant_status_log;
DROP TRIGGER _101_append_only ON tenancy_private.tenant_status_log;

-- drop: functions/tenancy_private/tg_append_only.sql
DROP FUNCTION tenancy_private.tg_append_only();

-- drop: seeds/reference/7-tenant-transitions.sql

-- drop: seeds/reference/8-kept-tables.sql

-- include: functions/app/tg_count_pin_comments.sql
-- app.tg_count_pin_comments(): keep app.pins.comment_count.
--
-- Why definer: the counter is in no tenant's UPDATE grant. FORCE row security still holds this
--              function in the caller's tenant; the row's tenant_id is named all the same, because
--              inside a cascade the wall does not apply.
-- Tests:       tests/policies/test_walls_and_doors.py

CREATE OR REPLACE FUNCTION app.tg_count_pin_comments()
RETURNS trigger
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    IF tg_op = 'INSERT' THEN
        UPDATE app.pins SET comment_count = comment_count + 1
        WHERE tenant_id = new.tenant_id AND id = new.pin_id;
    ELSIF tg_op = 'DELETE' THEN
        UPDATE app.pins SET comment_count = comment_count - 1
        WHERE tenant_id = old.tenant_id AND id = old.pin_id;
    ELSIF new.pin_id <> old.pin_id THEN
        UPDATE app.pins
        SET comment_count = comment_count + CASE id WHEN new.pin_id THEN 1 ELSE -1 END
        WHERE tenant_id = new.tenant_id AND id IN (new.pin_id, old.pin_id);
    END IF;

    RETURN NULL;
END;
$function$;

COMMENT ON FUNCTION app.tg_count_pin_comments() IS
'Trigger: keep the number of comments of a pin.';

ALTER FUNCTION app.tg_count_pin_comments() OWNER TO tenancy_owner;
REVOKE ALL ON FUNCTION app.tg_count_pin_comments() FROM public;

-- include: functions/tenancy/accept_invitation.sql
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
          AND tenancy_private.may_enter(i.tenant_id, '{}')
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

-- include: functions/tenancy/create_tenant.sql
-- tenancy.create_tenant(…): a new tenant, whole or not at all.
--
-- Makes:       record, admin member, keys, webhook secret, settings, private bucket; then active.
-- Shown once:  the secrets in the result; stored are digests and pads.
-- Repeated:    the same idempotency key and parameters return the first tenant without secrets.
-- Raises:      TN002 not tenancy_admin outside any tenant. TN005 subdomain taken. TN030 another
--              region. TN031 idempotency key of another request. 23503, 23514 out of its domain.
-- Tests:       tests/functions/tenancy/test_create_tenant.py

CREATE OR REPLACE FUNCTION tenancy.create_tenant(
    p_name text,
    p_industry text,
    p_subdomain text,
    p_plan text DEFAULT 'professional',
    p_admin_email text DEFAULT NULL,
    p_region text DEFAULT NULL,
    p_idempotency_key text DEFAULT NULL,
    p_admin_user_id uuid DEFAULT NULL
)
RETURNS jsonb
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_id uuid := tenancy.uuidv7();
    v_admin_id uuid := coalesce(p_admin_user_id, tenancy.uuidv7());
    v_known uuid;
BEGIN
    IF tenancy.tenant_id() IS NOT NULL OR NOT tenancy_private.may_administer(v_id) THEN
        RAISE EXCEPTION 'not permitted' USING
            ERRCODE = 'TN002', HINT = 'SET ROLE tenancy_admin outside any tenant.';
    END IF;

    v_known := tenancy_private.repeated_request(p_idempotency_key, sha256(convert_to(
        jsonb_build_array(
            p_name, p_industry, p_subdomain, p_plan, p_admin_email, p_region, p_admin_user_id
        )::text, 'UTF8'
    )), v_id);
    IF v_known IS NOT NULL THEN
        RETURN tenancy_private.describe_tenant(v_known) || '{"is_new": false}';
    END IF;

    PERFORM tenancy_private.insert_tenant(
        v_id, p_name, p_industry, p_subdomain, p_plan, p_region
    );
    INSERT INTO tenancy_private.member (tenant_id, user_id, role, email)
    VALUES (v_id, v_admin_id, 'manager', p_admin_email);
    PERFORM tenancy.reconcile_tenant(v_id);
    PERFORM tenancy_private.note_platform_action(v_id, 'create_tenant');

    RETURN tenancy_private.describe_tenant(v_id) || jsonb_build_object(
        'is_new', true,
        'admin_user_id', v_admin_id,
        'public_key',
        tenancy_private.create_api_key(v_id, 'public', 'customer', 365, '{read,write}', NULL),
        'secret_key',
        tenancy_private.create_api_key(v_id, 'secret', 'manager', 365, '{read,write}', NULL),
        'webhook_secret', tenancy_private.create_webhook_secret(v_id)
    );
END;
$function$;

COMMENT ON FUNCTION tenancy.create_tenant(text, text, text, text, text, text, text, uuid) IS
'Create a tenant (industry restaurant, medspa or hotel) and return {tenant_id, slug, status, is_new, admin_user_id, public_key, secret_key, webhook_secret}; secrets only the first time. admin_user_id is the sub that the managers tokens carry. Raises TN002, TN005, TN030, TN031, 23503, 23514.';

ALTER FUNCTION tenancy.create_tenant(text, text, text, text, text, text, text, uuid)
OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy.create_tenant(text, text, text, text, text, text, text, uuid)
FROM public;
GRANT EXECUTE ON FUNCTION tenancy.create_tenant(text, text, text, text, text, text, text, uuid)
TO tenancy_admin;

-- include: functions/tenancy/enter_system.sql
-- tenancy.enter_system(p_tenant_id, p_purpose): a job enters one tenant for one transaction.
--
-- Reads:       nothing by itself; the functions of a job do, each held inside the tenant.
-- Suspended:   jobs still run: retention and erasure do not wait for a bill to be paid.
-- Raises:      TN001 no such tenant here. TN003 another context. TN004 no purpose.
-- Tests:       tests/functions/tenancy/test_enter_system.py

CREATE OR REPLACE FUNCTION tenancy.enter_system(p_tenant_id uuid, p_purpose text)
RETURNS uuid
LANGUAGE plpgsql
VOLATILE
SECURITY INVOKER
AS $function$
BEGIN
    PERFORM tenancy.mint_system_context(p_tenant_id, p_purpose);
    SET LOCAL ROLE tenancy_operator;
    RETURN p_tenant_id;
END;
$function$;

COMMENT ON FUNCTION tenancy.enter_system(uuid, text) IS
'Enter a tenant as tenancy_operator for one transaction and return its id. Raises TN001, TN003, TN004.';

ALTER FUNCTION tenancy.enter_system(uuid, text) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy.enter_system(uuid, text) FROM public;
GRANT EXECUTE ON FUNCTION tenancy.enter_system(uuid, text)
TO tenancy_operator;

-- include: functions/tenancy/grant_ddl.sql
-- tenancy.grant_ddl(p_table): the statements that grant a registered table by column.
--
-- Never:       tenant_id or a column kept by triggers in an UPDATE grant. DELETE has no columns.
-- Tests:       tests/policies/test_walls_and_doors.py

CREATE OR REPLACE FUNCTION tenancy.grant_ddl(p_table regclass)
RETURNS SETOF text
LANGUAGE sql
STABLE
SECURITY INVOKER
ROWS 10
SET search_path = pg_catalog, pg_temp
AS $function$
    WITH target AS (
        SELECT p.server_columns, p.schema_name || '.' || p.table_name AS resource
        FROM pg_class AS c
        INNER JOIN pg_namespace AS n ON c.relnamespace = n.oid
        INNER JOIN tenancy.protected_table AS p
            ON n.nspname = p.schema_name AND c.relname = p.table_name
        WHERE c.oid = p_table
    ),

    column_list AS (
        SELECT
            upper(m.command) AS command,
            r.rank,
            r.database_role,
            string_agg(quote_ident(a.attname), E',\n    ' ORDER BY a.attnum)
                FILTER (WHERE m.command <> 'delete') AS columns
        FROM target AS t
        INNER JOIN tenancy.access_matrix AS m ON t.resource = m.resource
        INNER JOIN tenancy.tenant_role AS r ON m.role = r.role
        INNER JOIN pg_attribute AS a ON a.attrelid = p_table AND a.attnum > 0
        WHERE NOT a.attisdropped
          AND (a.attname = ANY (m.columns) OR m.columns IS NULL)
          AND (m.command = 'select'
              OR (a.attgenerated = '' AND NOT a.attname = ANY (t.server_columns)))
          AND (m.command <> 'update' OR a.attname <> 'tenant_id')
        GROUP BY m.command, r.rank, r.database_role
    ),

    granted AS (
        SELECT l.command, l.columns, string_agg(l.database_role, ', ' ORDER BY l.rank) AS roles
        FROM column_list AS l
        GROUP BY l.command, l.columns
    )

    SELECT format(E'REVOKE ALL ON %s\nFROM public, %s;', p_table,
        string_agg(r.database_role, ', ' ORDER BY r.rank)) AS text
    FROM tenancy.tenant_role AS r
    HAVING EXISTS (SELECT FROM target)
    UNION ALL
    (
        SELECT CASE g.command
            WHEN 'DELETE' THEN format('GRANT DELETE ON %s TO %s;', p_table, g.roles)
            ELSE format(E'GRANT %s (\n    %s\n) ON %s\nTO %s;', g.command, g.columns, p_table,
                g.roles)
        END AS text
        FROM granted AS g
        ORDER BY text
    );
$function$;

COMMENT ON FUNCTION tenancy.grant_ddl(regclass) IS
'Statements that revoke everything and grant columns as the access matrix says, in order.';

ALTER FUNCTION tenancy.grant_ddl(regclass) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy.grant_ddl(regclass) FROM public;
GRANT EXECUTE ON FUNCTION tenancy.grant_ddl(regclass)
TO tenancy_owner, tenancy_builder, pg_database_owner;

-- include: functions/tenancy/list_evidence.sql
-- tenancy.list_evidence(p_only_open): what administrators did, oldest first.
--
-- Kinds:       ticket (an admin session), action (a key, member, … changed from outside).
-- Raises:      TN002 not tenancy_admin outside any tenant.
-- Tests:       tests/functions/tenancy/test_evidence.py

CREATE OR REPLACE FUNCTION tenancy.list_evidence(p_only_open boolean DEFAULT true)
RETURNS TABLE (
    id uuid, kind text, tenant_id uuid, what text, performed_by name, performed_at timestamptz,
    reviewed_by name, reviewed_at timestamptz
)
LANGUAGE plpgsql
STABLE
PARALLEL RESTRICTED
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    IF tenancy.tenant_id() IS NOT NULL OR current_setting('role') <> 'tenancy_admin' THEN
        RAISE EXCEPTION 'not permitted' USING
            ERRCODE = 'TN002', HINT = 'SET ROLE tenancy_admin outside any tenant.';
    END IF;

    RETURN QUERY
    SELECT e.*
    FROM (
        SELECT t.id, 'ticket', t.tenant_id, t.reason, t.opened_by, t.opened_at,
            t.reviewed_by, t.reviewed_at
        FROM tenancy_private.access_ticket AS t
        UNION ALL
        SELECT a.id, 'action', a.tenant_id, a.action, a.performed_by, a.performed_at,
            a.reviewed_by, a.reviewed_at
        FROM tenancy_private.platform_action AS a
    ) AS e (id, kind, tenant_id, what, performed_by, performed_at, reviewed_by, reviewed_at)
    WHERE e.reviewed_at IS NULL OR NOT p_only_open
    ORDER BY e.id;
END;
$function$;

COMMENT ON FUNCTION tenancy.list_evidence(boolean) IS
'Admin sessions and platform actions, oldest first; only those not yet reviewed unless false. Raises TN002.';

ALTER FUNCTION tenancy.list_evidence(boolean) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy.list_evidence(boolean) FROM public;
GRANT EXECUTE ON FUNCTION tenancy.list_evidence(boolean)
TO tenancy_admin;

-- include: functions/tenancy/list_tenants.sql
-- tenancy.list_tenants(p_after, p_limit): the tenants of this cluster, a page at a time.
--
-- Raises:      TN002 not tenancy_admin outside any tenant. TN004 not 1 to 1000 rows.
-- Tests:       tests/functions/tenancy/test_create_tenant.py

CREATE OR REPLACE FUNCTION tenancy.list_tenants(
    p_after uuid DEFAULT NULL,
    p_limit integer DEFAULT 100
)
RETURNS TABLE (
    tenant_id uuid, slug text, name text, industry text, plan text,
    status text, region text, placement text, created_at timestamptz
)
LANGUAGE plpgsql
STABLE
PARALLEL RESTRICTED
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    IF tenancy.tenant_id() IS NOT NULL OR current_setting('role') <> 'tenancy_admin' THEN
        RAISE EXCEPTION 'not permitted' USING
            ERRCODE = 'TN002', HINT = 'SET ROLE tenancy_admin outside any tenant.';
    END IF;

    IF p_limit IS NULL OR p_limit NOT BETWEEN 1 AND 1000 THEN
        RAISE EXCEPTION 'a page has 1 to 1000 tenants'
            USING ERRCODE = 'TN004', HINT = 'Pass the last id of a page to get the next one.';
    END IF;

    RETURN QUERY
    SELECT
        t.id, t.slug, t.name, t.industry, t.plan, t.status, t.region, t.placement, t.created_at
    FROM tenancy_private.tenant AS t
    WHERE t.id > p_after OR p_after IS NULL
    ORDER BY t.id
    LIMIT p_limit;
END;
$function$;

COMMENT ON FUNCTION tenancy.list_tenants(uuid, integer) IS
'Tenants by id, which is by age, after p_after. For tenancy_admin. Raises TN002, TN004.';

ALTER FUNCTION tenancy.list_tenants(uuid, integer) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy.list_tenants(uuid, integer) FROM public;
GRANT EXECUTE ON FUNCTION tenancy.list_tenants(uuid, integer)
TO tenancy_admin;

-- include: functions/tenancy/may_write.sql
-- tenancy.may_write(): does the context of this transaction permit writing?
--
-- Use:         as (SELECT tenancy.may_write()) in the doors of INSERT, UPDATE and DELETE. A setting
--              such as transaction_read_only may be changed in the middle of a statement; this
--              answer is signed.
-- Never:       IMMUTABLE (a cached plan would serve one tenant's rows to another), LEAKPROOF, or
--              PARALLEL SAFE (a worker has another pid: rows would be missing without an error).
-- Tests:       tests/functions/tenancy/test_context.py

CREATE OR REPLACE FUNCTION tenancy.may_write()
RETURNS boolean
LANGUAGE plpgsql
STABLE
PARALLEL RESTRICTED
COST 1000
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    RETURN coalesce(substr(tenancy_private.context_in_force(), 71, 1) = 'w', false);
END;
$function$;

COMMENT ON FUNCTION tenancy.may_write() IS
'True when tenancy.enter() proved a context that may write: the tenant''s status and the key permit it.';

ALTER FUNCTION tenancy.may_write() OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy.may_write() FROM public;
GRANT EXECUTE ON FUNCTION tenancy.may_write()
TO tenancy_customer, tenancy_staff, tenancy_manager, tenancy_admin, tenancy_gateway,
tenancy_console, tenancy_operator, tenancy_owner, tenancy_auditor, tenancy_builder;

-- include: functions/tenancy/mint_context.sql
-- tenancy.mint_context(p_credential, p_request): prove a credential and sign the context.
--
-- Why definer: callers may read neither credentials nor keys. A definer may not change the role, so
--              tenancy.enter() does that; a context minted without it verifies to NULL.
-- One answer:  unknown, expired, revoked, suspended, wrong region, disagreeing hint: same path,
--              same text, nothing about whether the tenant exists.
-- Logged:      each refusal, with a digest of the credential and never the reason: the log is what
--              a standby and a rolled-back transaction can still write to.
-- Raises:      TN001 no access. TN003 another context. TN004 request is not a small JSON object.
-- Tests:       tests/functions/tenancy/test_enter.py

CREATE OR REPLACE FUNCTION tenancy.mint_context(
    p_credential text,
    p_request jsonb,
    OUT tenant_id uuid,
    OUT database_role name,
    OUT may_write boolean
)
RETURNS record
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_identity tenancy_private.identity;
    v_request jsonb := coalesce(p_request, '{}');
BEGIN
    IF jsonb_typeof(v_request) <> 'object' OR octet_length(v_request::text) > 4096 THEN
        RAISE EXCEPTION 'request must be a JSON object of at most 4096 bytes'
            USING ERRCODE = 'TN004', HINT = 'Pass request id, client address and agent only.';
    END IF;

    IF octet_length(p_credential) <= 8192 THEN
        v_identity := CASE
            WHEN p_credential ~ '^[ps]k_' THEN tenancy_private.identify_api_key(p_credential)
            WHEN p_credential ~ '^at_' THEN tenancy_private.identify_ticket(p_credential)
            ELSE tenancy_private.identify_jwt(p_credential, v_request)
        END;
    END IF;

    IF NOT tenancy_private.may_enter(v_identity.tenant_id, v_request) THEN
        RAISE LOG 'tenancy.enter refused %', jsonb_build_object(
            'credential', left(encode(sha256(convert_to(left(p_credential, 8192), 'UTF8')), 'hex'), 16),
            'request_id', v_request -> 'request_id', 'client_address', inet_client_addr()
        );
        RAISE EXCEPTION 'resource not found' USING ERRCODE = 'TN001';
    END IF;

    SELECT t.id, r.database_role, s.may_write AND v_identity.may_write
    INTO STRICT tenant_id, database_role, may_write
    FROM tenancy_private.tenant AS t
    INNER JOIN tenancy.tenant_status AS s ON t.status = s.status
    CROSS JOIN tenancy.tenant_role AS r
    WHERE t.id = v_identity.tenant_id AND r.role = v_identity.role;

    PERFORM tenancy_private.sign_context(
        v_identity.tenant_id, v_identity.actor_id, v_identity.role, v_request, may_write
    );
    PERFORM tenancy_private.note_key_use(v_identity.unused_key);
END;
$function$;

COMMENT ON FUNCTION tenancy.mint_context(text, jsonb) IS
'Prove a credential and sign the context of this transaction. Called by tenancy.enter(). Raises TN001, TN003, TN004.';

ALTER FUNCTION tenancy.mint_context(text, jsonb) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy.mint_context(text, jsonb) FROM public;
GRANT EXECUTE ON FUNCTION tenancy.mint_context(text, jsonb)
TO tenancy_customer, tenancy_staff, tenancy_manager, tenancy_admin, tenancy_gateway,
tenancy_console, tenancy_operator;

-- include: functions/tenancy/mint_request_context.sql
-- tenancy.mint_request_context(): prove the credential of a PostgREST request and sign the context.
--
-- Authority:   the raw token or key, verified here. A key beside a token must be of the tenant that
--              the token opens; host name and x-tenant-id / x-location-id (?tenant=, ?location=)
--              must agree, and only choose among the tenants of a user who belongs to several.
-- Tickets:     an administrator's has no place on a public endpoint.
-- Rate:        one that is used up refuses, also in read-only transactions; nothing is charged here.
-- Raises:      TN001 no access, whatever the reason. TN003 another context. PT429 over its
--              rate, of which PostgREST makes HTTP 429.
-- Tests:       tests/functions/tenancy/test_pre_request.py

CREATE OR REPLACE FUNCTION tenancy.mint_request_context(
    OUT tenant_id uuid,
    OUT database_role name,
    OUT may_write boolean
)
RETURNS record
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_headers jsonb := tenancy_private.request_headers();
    v_credential text := tenancy_private.request_credential();
    v_key text := nullif(tenancy_private.request_key(), v_credential);
    v_host text := split_part(
        coalesce(v_headers ->> 'x-forwarded-host', v_headers ->> 'host'), ',', 1
    );
    v_actor uuid;
    v_of_key uuid := (tenancy_private.identify_api_key(v_key)).tenant_id;
BEGIN
    -- Longer values are cut, never refused: a cut name still agrees with no tenant.
    SELECT m.tenant_id, m.database_role, m.may_write
    INTO tenant_id, database_role, may_write
    FROM tenancy.mint_context(
        CASE WHEN v_credential !~ '^at_' THEN v_credential END,
        jsonb_strip_nulls(jsonb_build_object(
            'tenant', left(coalesce(
                v_headers ->> 'x-tenant-id',
                v_of_key::text,
                tenancy_private.find_tenant_of_host(v_host)::text
            ), 64),
            'location', left(v_headers ->> 'x-location-id', 64),
            'host', left(v_host, 254),
            'request_id', left(v_headers ->> 'x-request-id', 64),
            'client_address', left(split_part(v_headers ->> 'x-forwarded-for', ',', 1), 64),
            'user_agent', left(v_headers ->> 'user-agent', 128)
        ))
    ) AS m;

    IF v_key IS NOT NULL AND v_of_key IS DISTINCT FROM tenant_id THEN
        RAISE EXCEPTION 'resource not found' USING ERRCODE = 'TN001';
    END IF;

    v_actor := nullif(substr(tenancy_private.verified_context(), 37, 32), repeat('0', 32));
    IF tenancy_private.is_over_rate(tenant_id, 'api', v_actor) THEN
        RAISE EXCEPTION 'too many requests' USING
            ERRCODE = 'PT429', HINT = 'Charge action api by tenancy.check_rate_limit(), and wait.';
    END IF;
END;
$function$;

COMMENT ON FUNCTION tenancy.mint_request_context() IS
'Prove the credential in request.headers and sign the context. Called by tenancy.pre_request(). Raises TN001, TN003, PT429.';

ALTER FUNCTION tenancy.mint_request_context() OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy.mint_request_context() FROM public;
GRANT EXECUTE ON FUNCTION tenancy.mint_request_context()
TO tenancy_gateway;

-- include: functions/tenancy/mint_system_context.sql
-- tenancy.mint_system_context(p_tenant_id, p_purpose): sign the context of a job.
--
-- Raises:      TN001 no such tenant here. TN003 another context. TN004 no purpose.
-- Tests:       tests/functions/tenancy/test_enter_system.py

CREATE OR REPLACE FUNCTION tenancy.mint_system_context(p_tenant_id uuid, p_purpose text)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_request jsonb := jsonb_build_object('purpose', p_purpose);
BEGIN
    IF length(btrim(coalesce(p_purpose, ''))) NOT BETWEEN 3 AND 200 THEN
        RAISE EXCEPTION 'a job needs a purpose of 3 to 200 characters'
            USING ERRCODE = 'TN004', HINT = 'Name the job, for example retention.';
    END IF;

    IF NOT EXISTS (
        SELECT
        FROM tenancy_private.tenant AS t
        INNER JOIN tenancy_private.node AS n ON t.region = n.region
        WHERE t.id = p_tenant_id AND t.status <> 'purged'
    ) THEN
        RAISE EXCEPTION 'resource not found' USING ERRCODE = 'TN001';
    END IF;

    PERFORM tenancy_private.sign_context(p_tenant_id, NULL, 'operator', v_request, true);
END;
$function$;

COMMENT ON FUNCTION tenancy.mint_system_context(uuid, text) IS
'Sign the context of a job on one tenant. Called by tenancy.enter_system(). Raises TN001, TN003, TN004.';

ALTER FUNCTION tenancy.mint_system_context(uuid, text) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy.mint_system_context(uuid, text) FROM public;
GRANT EXECUTE ON FUNCTION tenancy.mint_system_context(uuid, text)
TO tenancy_operator;

-- include: functions/tenancy/protect_table.sql
-- tenancy.protect_table(p_table, p_subject_column): put a table of your own behind the wall.
--
-- Who:         the owner of the table (a member of tenancy_builder), who keeps it. Idempotent; run
--              it again after a change of tenancy.access_matrix or of columns.
-- Takes:       every grant on the table, of whomever: what the access matrix says is all there is.
-- Adds:        tenant_id, a key that starts with it (on an empty table), an index that does, wall,
--              doors, FORCE, column grants, the identity trigger and the registry row.
-- Raises:      TN002 not the owner. TN006 cannot be made safe. TN007 rows without a tenant.
-- Tests:       tests/functions/tenancy/test_protect_table.py

CREATE OR REPLACE FUNCTION tenancy.protect_table(
    p_table regclass,
    p_subject_column name DEFAULT NULL
)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SECURITY INVOKER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_statement text;
    v_is_filled boolean;
BEGIN
    PERFORM tenancy.register_table(p_table, p_subject_column);
    PERFORM tenancy.refuse_obstacles(p_table, false);
    EXECUTE format('SELECT EXISTS (SELECT FROM %s)', p_table) INTO v_is_filled;
    PERFORM tenancy.add_tenant_column(p_table, v_is_filled);

    PERFORM tenancy.refuse_obstacles(p_table, true);

    PERFORM tenancy.add_tenant_index(p_table);
    PERFORM tenancy.revoke_all_grants(p_table);
    FOR v_statement IN SELECT d.* FROM tenancy.protection_ddl(p_table) AS d LOOP
        EXECUTE v_statement;
    END LOOP;

    EXECUTE format(
        'CREATE OR REPLACE TRIGGER _100_keep_identity BEFORE UPDATE ON %s '
        'FOR EACH ROW EXECUTE FUNCTION tenancy.tg_keep_identity()', p_table
    );
    EXECUTE format(
        'GRANT USAGE ON SCHEMA %I TO tenancy_customer, tenancy_staff, tenancy_manager, '
        'tenancy_admin',
        (SELECT c.relnamespace::regnamespace FROM pg_class AS c WHERE c.oid = p_table)
    );
END;
$function$;

COMMENT ON FUNCTION tenancy.protect_table(regclass, name) IS
'Protect a table of the caller: wall, doors, grants, trigger, registry. Idempotent. Raises TN002, TN006, TN007.';

ALTER FUNCTION tenancy.protect_table(regclass, name) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy.protect_table(regclass, name) FROM public;
GRANT EXECUTE ON FUNCTION tenancy.protect_table(regclass, name)
TO tenancy_owner, tenancy_builder, pg_database_owner;

-- include: functions/tenancy/wall_ddl.sql
-- tenancy.wall_ddl(p_table): the statements that build the wall of a registered table.
--
-- First:       what an earlier run made is dropped by name; a policy of the team's own stays, and
--              cannot cross the wall.
-- Tests:       tests/policies/test_walls_and_doors.py

CREATE OR REPLACE FUNCTION tenancy.wall_ddl(p_table regclass)
RETURNS SETOF text
LANGUAGE sql
STABLE
SECURITY INVOKER
ROWS 10
SET search_path = pg_catalog, pg_temp
AS $function$
    WITH target AS (
        SELECT p_table AS name, pg_get_userbyid(c.relowner) AS owner
        FROM pg_class AS c
        INNER JOIN pg_namespace AS n ON c.relnamespace = n.oid
        INNER JOIN tenancy.protected_table AS p
            ON n.nspname = p.schema_name AND c.relname = p.table_name
        WHERE c.oid = p_table
    )

    SELECT s.text
    FROM target AS t
    CROSS JOIN LATERAL (
        SELECT 10 AS line, format('DROP POLICY IF EXISTS %s ON %s;', x.name, t.name) AS text
        FROM unnest(ARRAY[
            'tenant_wall', 'owner_door',
            'tenant_select', 'tenant_insert', 'tenant_update', 'tenant_delete',
            'subject_select', 'subject_insert', 'subject_update', 'subject_delete'
        ]) AS x (name)
        UNION ALL
        SELECT 20, format(E'ALTER TABLE %s ENABLE ROW LEVEL SECURITY;\n'
            'ALTER TABLE %1$s FORCE ROW LEVEL SECURITY;', t.name)
        UNION ALL
        SELECT 30, format(E'CREATE POLICY tenant_wall ON %s AS RESTRICTIVE FOR ALL TO public\n'
            'USING (tenant_id = (SELECT tenancy.tenant_id()))\n'
            'WITH CHECK (tenant_id = (SELECT tenancy.tenant_id()));', t.name)
        UNION ALL
        SELECT 31, format(E'COMMENT ON POLICY tenant_wall ON %s IS\n'
            '%L;', t.name, 'Restrictive: no permissive policy added later can cross tenants.')
        UNION ALL
        SELECT 40, format('CREATE POLICY owner_door ON %s TO %I USING (true);', t.name, t.owner)
        UNION ALL
        SELECT 41, format(E'COMMENT ON POLICY owner_door ON %s IS\n'
            '%L;', t.name, 'Definer functions of the owner work, and only inside the tenant.')
    ) AS s
    ORDER BY s.line, s.text;
$function$;

COMMENT ON FUNCTION tenancy.wall_ddl(regclass) IS
'Statements that give a registered table FORCE row security, its wall and the door of its owner, in order.';

ALTER FUNCTION tenancy.wall_ddl(regclass) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy.wall_ddl(regclass) FROM public;
GRANT EXECUTE ON FUNCTION tenancy.wall_ddl(regclass)
TO tenancy_owner, tenancy_builder, pg_database_owner;

-- include: functions/tenancy/reconcile_tenant.sql
-- tenancy.reconcile_tenant(p_tenant_id): make what a tenant is to have and has not; then active.
--
-- Enters:      the tenant like anybody else, signed, and leaves the context as it was.
-- Repeats:     safely; what is there stays as it is.
-- Raises:      TN001 no such tenant. TN002 not tenancy_admin outside any tenant.
-- Tests:       tests/functions/tenancy/test_create_tenant.py

CREATE OR REPLACE FUNCTION tenancy.reconcile_tenant(p_tenant_id uuid)
RETURNS integer
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_context text := coalesce(current_setting('tenancy.context', true), '');
    v_request text := coalesce(current_setting('tenancy.request', true), '');
    v_made integer;
BEGIN
    IF tenancy.tenant_id() IS NOT NULL OR NOT tenancy_private.may_administer(p_tenant_id) THEN
        RAISE EXCEPTION 'not permitted' USING
            ERRCODE = 'TN002', HINT = 'SET ROLE tenancy_admin outside any tenant.';
    END IF;

    PERFORM FROM tenancy_private.tenant AS t WHERE t.id = p_tenant_id FOR UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'resource not found' USING ERRCODE = 'TN001';
    END IF;

    PERFORM tenancy_private.sign_context(p_tenant_id, NULL, 'admin', '{}', true);
    PERFORM app.make_defaults();
    EXECUTE format('SET LOCAL tenancy.context = %L', v_context);
    EXECUTE format('SET LOCAL tenancy.request = %L', v_request);

    UPDATE tenancy_private.resource AS r
    SET made_at = clock_timestamp()
    WHERE r.tenant_id = p_tenant_id AND r.made_at IS NULL;
    GET DIAGNOSTICS v_made = ROW_COUNT;
    UPDATE tenancy_private.tenant AS t
    SET status = 'active'
    WHERE t.id = p_tenant_id AND t.status = 'provisioning';

    RETURN v_made;
END;
$function$;

COMMENT ON FUNCTION tenancy.reconcile_tenant(uuid) IS
'Make the missing settings and bucket of a tenant, activate it when it was being provisioned, and return how many resources were recorded as made. Raises TN001, TN002.';

ALTER FUNCTION tenancy.reconcile_tenant(uuid) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy.reconcile_tenant(uuid) FROM public;
GRANT EXECUTE ON FUNCTION tenancy.reconcile_tenant(uuid)
TO tenancy_admin;

-- include: functions/tenancy/register_jwt_issuer.sql
-- tenancy.register_jwt_issuer(…): trust an issuer of HS256 tokens.
--
-- Secret:      at least 32 bytes (RFC 7518, section 3.2), as a bind parameter; only its pads stay.
-- Raises:      TN002 not tenancy_admin. TN004 secret too short.
-- Tests:       tests/functions/tenancy/test_enter_jwt.py

CREATE OR REPLACE FUNCTION tenancy.register_jwt_issuer(
    p_issuer text,
    p_kid text,
    p_audience text,
    p_secret bytea,
    p_tenant_claim text DEFAULT 'tenant',
    p_role_claim text DEFAULT 'role'
)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    IF tenancy.tenant_id() IS NOT NULL OR current_setting('role') <> 'tenancy_admin' THEN
        RAISE EXCEPTION 'not permitted' USING
            ERRCODE = 'TN002', HINT = 'SET ROLE tenancy_admin outside any tenant.';
    END IF;
    IF octet_length(p_secret) < 32 IS NOT FALSE THEN
        RAISE EXCEPTION 'the secret of an issuer has at least 32 bytes'
            USING ERRCODE = 'TN004', HINT = 'RFC 7518, section 3.2.';
    END IF;

    INSERT INTO tenancy_private.jwt_issuer
        (issuer, kid, audience, ipad, opad, tenant_claim, role_claim)
    SELECT p_issuer, p_kid, p_audience, p.ipad, p.opad, p_tenant_claim, p_role_claim
    FROM tenancy_private.hmac_pads(p_secret) AS p
    ON CONFLICT (issuer, kid) DO UPDATE
    SET audience = excluded.audience, ipad = excluded.ipad, opad = excluded.opad,
        tenant_claim = excluded.tenant_claim, role_claim = excluded.role_claim,
        revoked_at = NULL;
END;
$function$;

COMMENT ON FUNCTION tenancy.register_jwt_issuer(text, text, text, bytea, text, text) IS
'Trust an HS256 issuer: iss, key name, aud, secret of at least 32 bytes, claim names. Raises TN002, TN004.';

ALTER FUNCTION tenancy.register_jwt_issuer(text, text, text, bytea, text, text)
OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy.register_jwt_issuer(text, text, text, bytea, text, text) FROM public;
GRANT EXECUTE ON FUNCTION tenancy.register_jwt_issuer(text, text, text, bytea, text, text)
TO tenancy_admin;

-- include: functions/tenancy/reset_limit.sql
-- tenancy.reset_limit(p_tenant_id, p_name): the limit of the plan again.
--
-- Raises:      TN001 the tenant has no such limit of its own. TN002 not tenancy_admin.
-- Tests:       tests/functions/tenancy/test_limits.py

CREATE OR REPLACE FUNCTION tenancy.reset_limit(p_tenant_id uuid, p_name text)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    IF tenancy.tenant_id() IS NOT NULL OR NOT tenancy_private.may_administer(p_tenant_id) THEN
        RAISE EXCEPTION 'not permitted' USING
            ERRCODE = 'TN002', HINT = 'SET ROLE tenancy_admin outside any tenant.';
    END IF;

    DELETE FROM tenancy_private.tenant_limit
    WHERE tenant_id = p_tenant_id AND name = p_name;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'resource not found' USING ERRCODE = 'TN001';
    END IF;
END;
$function$;

COMMENT ON FUNCTION tenancy.reset_limit(uuid, text) IS
'Forget what tenancy.set_limit() set. Raises TN001, TN002.';

ALTER FUNCTION tenancy.reset_limit(uuid, text) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy.reset_limit(uuid, text) FROM public;
GRANT EXECUTE ON FUNCTION tenancy.reset_limit(uuid, text)
TO tenancy_admin;

-- include: functions/tenancy/review_evidence.sql
-- tenancy.review_evidence(p_id): somebody has looked at an admin session or a platform action.
--
-- Once:        who reviewed first stays on record.
-- Raises:      TN001 nothing of this id waits. TN002 not tenancy_admin outside any tenant.
-- Tests:       tests/functions/tenancy/test_evidence.py

CREATE OR REPLACE FUNCTION tenancy.review_evidence(p_id uuid)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    IF tenancy.tenant_id() IS NOT NULL OR current_setting('role') <> 'tenancy_admin' THEN
        RAISE EXCEPTION 'not permitted' USING
            ERRCODE = 'TN002', HINT = 'SET ROLE tenancy_admin outside any tenant.';
    END IF;

    UPDATE tenancy_private.access_ticket AS t
    SET reviewed_by = session_user, reviewed_at = clock_timestamp()
    WHERE t.id = p_id AND t.reviewed_at IS NULL;
    IF NOT FOUND THEN
        UPDATE tenancy_private.platform_action AS a
        SET reviewed_by = session_user, reviewed_at = clock_timestamp()
        WHERE a.id = p_id AND a.reviewed_at IS NULL;
    END IF;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'resource not found' USING ERRCODE = 'TN001';
    END IF;
END;
$function$;

COMMENT ON FUNCTION tenancy.review_evidence(uuid) IS
'Mark an admin session or a platform action as reviewed by this login. Raises TN001, TN002.';

ALTER FUNCTION tenancy.review_evidence(uuid) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy.review_evidence(uuid) FROM public;
GRANT EXECUTE ON FUNCTION tenancy.review_evidence(uuid)
TO tenancy_admin;

-- include: functions/tenancy/revoke_jwt_issuer.sql
-- tenancy.revoke_jwt_issuer(p_issuer, p_kid): no longer trust a key of an issuer, or all of them.
--
-- Effect:      at the next transaction; register_jwt_issuer() trusts a key again.
-- Raises:      TN001 no such key in trust. TN002 not tenancy_admin.
-- Tests:       tests/functions/tenancy/test_enter_jwt.py

CREATE OR REPLACE FUNCTION tenancy.revoke_jwt_issuer(p_issuer text, p_kid text DEFAULT NULL)
RETURNS integer
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_revoked integer;
BEGIN
    IF tenancy.tenant_id() IS NOT NULL OR current_setting('role') <> 'tenancy_admin' THEN
        RAISE EXCEPTION 'not permitted' USING
            ERRCODE = 'TN002', HINT = 'SET ROLE tenancy_admin outside any tenant.';
    END IF;

    UPDATE tenancy_private.jwt_issuer AS i
    SET revoked_at = clock_timestamp()
    WHERE i.issuer = p_issuer
      AND (i.kid = p_kid OR p_kid IS NULL)
      AND i.revoked_at IS NULL;
    GET DIAGNOSTICS v_revoked = ROW_COUNT;
    IF v_revoked = 0 THEN
        RAISE EXCEPTION 'resource not found' USING ERRCODE = 'TN001';
    END IF;

    RETURN v_revoked;
END;
$function$;

COMMENT ON FUNCTION tenancy.revoke_jwt_issuer(text, text) IS
'Stop trusting one key of an issuer, or all its keys, and return how many. Raises TN001, TN002.';

ALTER FUNCTION tenancy.revoke_jwt_issuer(text, text) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy.revoke_jwt_issuer(text, text) FROM public;
GRANT EXECUTE ON FUNCTION tenancy.revoke_jwt_issuer(text, text)
TO tenancy_admin;

-- include: functions/tenancy/set_actor_rate.sql
-- tenancy.set_actor_rate(p_tenant_id, p_actor_id, p_per_minute): a rate, and a window, of its own.
--
-- Actor:       the id of a secret key (tenancy.list_api_keys), or of the person that it names.
--              Public keys have no actor and share the window of the tenant.
-- Raises:      TN001 no such tenant. TN002 not tenancy_admin. 23514 negative.
-- Tests:       tests/functions/tenancy/test_rate_limit.py

CREATE OR REPLACE FUNCTION tenancy.set_actor_rate(
    p_tenant_id uuid,
    p_actor_id uuid,
    p_per_minute integer
)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    IF tenancy.tenant_id() IS NOT NULL OR NOT tenancy_private.may_administer(p_tenant_id) THEN
        RAISE EXCEPTION 'not permitted' USING
            ERRCODE = 'TN002', HINT = 'SET ROLE tenancy_admin outside any tenant.';
    END IF;

    IF NOT EXISTS (SELECT FROM tenancy_private.tenant AS t WHERE t.id = p_tenant_id) THEN
        RAISE EXCEPTION 'resource not found' USING ERRCODE = 'TN001';
    END IF;

    IF p_per_minute IS NULL THEN
        DELETE FROM tenancy_private.actor_rate
        WHERE tenant_id = p_tenant_id AND actor_id = p_actor_id;
        RETURN;
    END IF;

    INSERT INTO tenancy_private.actor_rate AS r (tenant_id, actor_id, per_minute)
    VALUES (p_tenant_id, p_actor_id, p_per_minute)
    ON CONFLICT (tenant_id, actor_id) DO UPDATE SET per_minute = excluded.per_minute;
END;
$function$;

COMMENT ON FUNCTION tenancy.set_actor_rate(uuid, uuid, integer) IS
'Give a key or a person a rate of their own per action (NULL: share the tenant''s again). Raises TN001, TN002, 23514.';

ALTER FUNCTION tenancy.set_actor_rate(uuid, uuid, integer) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy.set_actor_rate(uuid, uuid, integer) FROM public;
GRANT EXECUTE ON FUNCTION tenancy.set_actor_rate(uuid, uuid, integer)
TO tenancy_admin;

-- include: functions/tenancy/set_feature.sql
-- tenancy.set_feature(p_tenant_id, p_name, p_value): a flag of one tenant, instead of its plan's.
--
-- Raises:      TN001 no such tenant. TN002 not tenancy_admin. 23514 a malformed name.
-- Tests:       tests/functions/tenancy/test_limits.py

CREATE OR REPLACE FUNCTION tenancy.set_feature(p_tenant_id uuid, p_name text, p_value jsonb)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    IF tenancy.tenant_id() IS NOT NULL OR NOT tenancy_private.may_administer(p_tenant_id) THEN
        RAISE EXCEPTION 'not permitted' USING
            ERRCODE = 'TN002', HINT = 'SET ROLE tenancy_admin outside any tenant.';
    END IF;

    IF NOT EXISTS (SELECT FROM tenancy_private.tenant AS t WHERE t.id = p_tenant_id) THEN
        RAISE EXCEPTION 'resource not found' USING ERRCODE = 'TN001';
    END IF;

    IF p_value IS NULL THEN
        DELETE FROM tenancy_private.tenant_feature
        WHERE tenant_id = p_tenant_id AND feature = p_name;
        RETURN;
    END IF;

    INSERT INTO tenancy_private.tenant_feature AS f (tenant_id, feature, value)
    VALUES (p_tenant_id, p_name, p_value)
    ON CONFLICT (tenant_id, feature) DO UPDATE SET value = excluded.value;
END;
$function$;

COMMENT ON FUNCTION tenancy.set_feature(uuid, text, jsonb) IS
'Set a feature flag of one tenant (NULL: the plan''s again). Raises TN001, TN002, 23514.';

ALTER FUNCTION tenancy.set_feature(uuid, text, jsonb) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy.set_feature(uuid, text, jsonb) FROM public;
GRANT EXECUTE ON FUNCTION tenancy.set_feature(uuid, text, jsonb)
TO tenancy_admin;

-- include: functions/tenancy/set_limit.sql
-- tenancy.set_limit(p_tenant_id, p_name, p_value): a limit of one tenant, instead of its plan's.
--
-- Lower than usage: nothing is deleted; the next addition is refused.
-- Raises:      TN001 no such tenant. TN002 not tenancy_admin. 23514 no such name, or negative.
-- Tests:       tests/functions/tenancy/test_limits.py

CREATE OR REPLACE FUNCTION tenancy.set_limit(p_tenant_id uuid, p_name text, p_value bigint)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    IF tenancy.tenant_id() IS NOT NULL OR NOT tenancy_private.may_administer(p_tenant_id) THEN
        RAISE EXCEPTION 'not permitted' USING
            ERRCODE = 'TN002', HINT = 'SET ROLE tenancy_admin outside any tenant.';
    END IF;

    IF NOT EXISTS (SELECT FROM tenancy_private.tenant AS t WHERE t.id = p_tenant_id) THEN
        RAISE EXCEPTION 'resource not found' USING ERRCODE = 'TN001';
    END IF;

    INSERT INTO tenancy_private.tenant_limit AS l (tenant_id, name, value)
    VALUES (p_tenant_id, p_name, p_value)
    ON CONFLICT (tenant_id, name) DO UPDATE SET value = excluded.value;
END;
$function$;

COMMENT ON FUNCTION tenancy.set_limit(uuid, text, bigint) IS
'Set a limit of one tenant (NULL: unlimited). tenancy.reset_limit() gives the plan''s back. Raises TN001, TN002, 23514.';

ALTER FUNCTION tenancy.set_limit(uuid, text, bigint) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy.set_limit(uuid, text, bigint) FROM public;
GRANT EXECUTE ON FUNCTION tenancy.set_limit(uuid, text, bigint)
TO tenancy_admin;

-- include: functions/tenancy/set_plan.sql
-- tenancy.set_plan(p_tenant_id, p_plan): move a tenant to another plan; its own limits stay.
--
-- Raises:      TN001 no such tenant. TN002 not tenancy_admin. 23503 no such plan.
-- Tests:       tests/functions/tenancy/test_limits.py

CREATE OR REPLACE FUNCTION tenancy.set_plan(p_tenant_id uuid, p_plan text)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    IF tenancy.tenant_id() IS NOT NULL OR NOT tenancy_private.may_administer(p_tenant_id) THEN
        RAISE EXCEPTION 'not permitted' USING
            ERRCODE = 'TN002', HINT = 'SET ROLE tenancy_admin outside any tenant.';
    END IF;

    UPDATE tenancy_private.tenant SET plan = p_plan WHERE id = p_tenant_id;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'resource not found' USING ERRCODE = 'TN001';
    END IF;
END;
$function$;

COMMENT ON FUNCTION tenancy.set_plan(uuid, text) IS
'Change the plan of a tenant. Raises TN001, TN002, 23503.';

ALTER FUNCTION tenancy.set_plan(uuid, text) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy.set_plan(uuid, text) FROM public;
GRANT EXECUTE ON FUNCTION tenancy.set_plan(uuid, text)
TO tenancy_admin;

-- include: functions/tenancy/set_tenant_status.sql
-- tenancy.set_tenant_status(p_tenant_id, p_status): suspend, reopen, … a tenant.
--
-- Effect:      from the next transaction on; a transaction that is open keeps its context.
-- Raises:      TN001 no such tenant. TN002 not tenancy_admin. 23503 no such status.
-- Tests:       tests/functions/tenancy/test_members_and_keys.py

CREATE OR REPLACE FUNCTION tenancy.set_tenant_status(p_tenant_id uuid, p_status text)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    IF tenancy.tenant_id() IS NOT NULL OR NOT tenancy_private.may_administer(p_tenant_id) THEN
        RAISE EXCEPTION 'not permitted' USING
            ERRCODE = 'TN002', HINT = 'SET ROLE tenancy_admin outside any tenant.';
    END IF;

    UPDATE tenancy_private.tenant SET status = p_status WHERE id = p_tenant_id;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'resource not found' USING ERRCODE = 'TN001';
    END IF;
END;
$function$;

COMMENT ON FUNCTION tenancy.set_tenant_status(uuid, text) IS
'Set the status of a tenant (see tenancy.tenant_status). Raises TN001, TN002, 23503.';

ALTER FUNCTION tenancy.set_tenant_status(uuid, text) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy.set_tenant_status(uuid, text) FROM public;
GRANT EXECUTE ON FUNCTION tenancy.set_tenant_status(uuid, text)
TO tenancy_admin;

-- include: functions/tenancy/tg_count_orders.sql
-- tenancy.tg_count_orders(): keep usage_month.orders, and refuse beyond max_orders_per_month.
--
-- Which month: of created_at, which no tenant can write. A transaction that was left open keeps the
--              created_at of its start; its orders count in the month that the clock says.
-- Tenant:      of the rows, because inside a cascade the wall does not apply.
-- Raises:      TN010 limit reached.
-- Tests:       tests/functions/tenancy/test_limits.py

CREATE OR REPLACE FUNCTION tenancy.tg_count_orders()
RETURNS trigger
LANGUAGE plpgsql

SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_tenant_id uuid;
    v_month date;
    v_rows bigint;
    v_used bigint;
BEGIN
    FOR v_tenant_id IN SELECT DISTINCT c.tenant_id FROM changed AS c ORDER BY c.tenant_id LOOP
        PERFORM tenancy_private.lock_usage(v_tenant_id);
        v_month := tenancy_private.open_month(v_tenant_id);

        FOR v_rows, v_used IN
            UPDATE tenancy_private.usage_month AS m
            SET orders = greatest(m.orders + n.added, 0)
            FROM (
                SELECT x.month, count(*) * CASE tg_op WHEN 'INSERT' THEN 1 ELSE -1 END AS added
                FROM changed AS c
                INNER JOIN tenancy_private.usage_month AS x ON c.tenant_id = x.tenant_id
                    AND CASE
                        WHEN tg_op = 'INSERT' AND c.created_at = now() THEN x.month = v_month
                        ELSE c.created_at >= x.starts_at AND c.created_at < x.ends_at
                    END
                WHERE c.tenant_id = v_tenant_id
                GROUP BY x.month
            ) AS n
            WHERE m.tenant_id = v_tenant_id AND m.month = n.month
            RETURNING n.added, m.orders
        LOOP
            PERFORM tenancy_private.refuse_over_limit(
                v_tenant_id, 'max_orders_per_month', v_used, v_rows
            );
        END LOOP;
    END LOOP;

    RETURN NULL;
END;
$function$;

COMMENT ON FUNCTION tenancy.tg_count_orders() IS
'Trigger: count orders per month. Raises TN010.';

ALTER FUNCTION tenancy.tg_count_orders() OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy.tg_count_orders() FROM public;
GRANT EXECUTE ON FUNCTION tenancy.tg_count_orders()
TO tenancy_owner;

-- include: functions/tenancy/tg_count_pins.sql
-- tenancy.tg_count_pins(): keep usage_counter.pins, and refuse what exceeds max_pins.
--
-- Tenant:      of the rows, because inside a cascade the wall does not apply.
-- Raises:      TN010 limit reached.
-- Tests:       tests/functions/tenancy/test_limits.py

CREATE OR REPLACE FUNCTION tenancy.tg_count_pins()
RETURNS trigger
LANGUAGE plpgsql

SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_tenant_id uuid;
    v_rows bigint;
    v_used bigint;
BEGIN
    FOR v_tenant_id, v_rows IN
        SELECT c.tenant_id, count(*) FROM changed AS c GROUP BY c.tenant_id ORDER BY c.tenant_id
    LOOP
        PERFORM tenancy_private.lock_usage(v_tenant_id);
        IF tg_op = 'DELETE' THEN
            v_rows := -v_rows;
        END IF;

        UPDATE tenancy_private.usage_counter AS u
        SET pins = greatest(u.pins + v_rows, 0)
        WHERE u.tenant_id = v_tenant_id
        RETURNING u.pins INTO v_used;

        PERFORM tenancy_private.refuse_over_limit(v_tenant_id, 'max_pins', v_used, v_rows);
    END LOOP;

    RETURN NULL;
END;
$function$;

COMMENT ON FUNCTION tenancy.tg_count_pins() IS
'Trigger: count pins. Raises TN010.';

ALTER FUNCTION tenancy.tg_count_pins() OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy.tg_count_pins() FROM public;
GRANT EXECUTE ON FUNCTION tenancy.tg_count_pins()
TO tenancy_owner;

-- include: functions/tenancy/tg_count_storage.sql
-- tenancy.tg_count_storage(): keep usage_counter.storage_bytes, and refuse beyond max_storage_gb.
--
-- Tenant:      of the rows, because inside a cascade the wall does not apply.
-- Raises:      TN010 limit reached.
-- Tests:       tests/functions/tenancy/test_limits.py

CREATE OR REPLACE FUNCTION tenancy.tg_count_storage()
RETURNS trigger
LANGUAGE plpgsql

SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_tenant_id uuid;
    v_bytes numeric;
    v_used numeric;
BEGIN
    FOR v_tenant_id, v_bytes IN
        SELECT c.tenant_id, sum(c.size_bytes) FROM changed AS c
        GROUP BY c.tenant_id ORDER BY c.tenant_id
    LOOP
        PERFORM tenancy_private.lock_usage(v_tenant_id);
        IF tg_op = 'DELETE' THEN
            v_bytes := -v_bytes;
        END IF;

        UPDATE tenancy_private.usage_counter AS u
        SET storage_bytes = greatest(u.storage_bytes + v_bytes, 0)
        WHERE u.tenant_id = v_tenant_id
        RETURNING u.storage_bytes INTO v_used;

        PERFORM tenancy_private.refuse_over_limit(v_tenant_id, 'max_storage_gb', v_used, v_bytes);
    END LOOP;

    RETURN NULL;
END;
$function$;

COMMENT ON FUNCTION tenancy.tg_count_storage() IS
'Trigger: sum up the sizes of stored objects. Raises TN010.';

ALTER FUNCTION tenancy.tg_count_storage() OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy.tg_count_storage() FROM public;
GRANT EXECUTE ON FUNCTION tenancy.tg_count_storage()
TO tenancy_owner;

-- include: functions/tenancy/tg_lock_usage.sql
-- tenancy.tg_lock_usage(): take the lock of the counters before a statement touches any row.
--
-- Why before:  row locks first and the counter last would deadlock with a transaction that does it
--              the other way round. Without a context the AFTER trigger locks, tenant by tenant.
-- Tests:       tests/functions/tenancy/test_limits.py

CREATE OR REPLACE FUNCTION tenancy.tg_lock_usage()
RETURNS trigger
LANGUAGE plpgsql

SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_tenant_id uuid := tenancy.tenant_id();
BEGIN
    IF v_tenant_id IS NOT NULL THEN
        PERFORM tenancy_private.lock_usage(v_tenant_id);
    END IF;

    RETURN NULL;
END;
$function$;

COMMENT ON FUNCTION tenancy.tg_lock_usage() IS
'Trigger: lock the counters of the current tenant.';

ALTER FUNCTION tenancy.tg_lock_usage() OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy.tg_lock_usage() FROM public;
GRANT EXECUTE ON FUNCTION tenancy.tg_lock_usage()
TO tenancy_owner;

-- include: functions/tenancy/tg_note_time_zone.sql
-- tenancy.tg_note_time_zone(): keep the copy of a tenant's time zone beside its counters.
--
-- Why a copy:  orders of a tenant may live in a schema of its own, and a trigger in a cascade must
--              not read behind the wall.
-- Tests:       tests/functions/tenancy/test_limits.py

CREATE OR REPLACE FUNCTION tenancy.tg_note_time_zone()
RETURNS trigger
LANGUAGE plpgsql

SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    PERFORM tenancy_private.lock_usage(new.tenant_id);
    UPDATE tenancy_private.usage_counter AS u
    SET time_zone = new.time_zone
    WHERE u.tenant_id = new.tenant_id AND u.time_zone <> new.time_zone;

    RETURN NULL;
END;
$function$;

COMMENT ON FUNCTION tenancy.tg_note_time_zone() IS
'Trigger: note the time zone in which the months of a tenant end.';

ALTER FUNCTION tenancy.tg_note_time_zone() OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy.tg_note_time_zone() FROM public;
GRANT EXECUTE ON FUNCTION tenancy.tg_note_time_zone()
TO tenancy_owner;

-- include: functions/tenancy/tg_resize_storage.sql
-- tenancy.tg_resize_storage(): keep usage_counter.storage_bytes when sizes change.
--
-- No column list: PostgreSQL allows none beside transition tables; other updates cost two sums.
-- Raises:      TN010 limit reached.
-- Tests:       tests/functions/tenancy/test_limits.py

CREATE OR REPLACE FUNCTION tenancy.tg_resize_storage()
RETURNS trigger
LANGUAGE plpgsql

SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_tenant_id uuid;
    v_bytes numeric;
    v_used numeric;
BEGIN
    FOR v_tenant_id, v_bytes IN
        SELECT d.tenant_id, sum(d.bytes)
        FROM (
            SELECT c.tenant_id, c.size_bytes::numeric AS bytes FROM changed AS c
            UNION ALL
            SELECT b.tenant_id, -b.size_bytes::numeric FROM before AS b
        ) AS d
        GROUP BY d.tenant_id HAVING sum(d.bytes) <> 0 ORDER BY d.tenant_id
    LOOP
        PERFORM tenancy_private.lock_usage(v_tenant_id);

        UPDATE tenancy_private.usage_counter AS u
        SET storage_bytes = greatest(u.storage_bytes + v_bytes, 0)
        WHERE u.tenant_id = v_tenant_id
        RETURNING u.storage_bytes INTO v_used;

        PERFORM tenancy_private.refuse_over_limit(v_tenant_id, 'max_storage_gb', v_used, v_bytes);
    END LOOP;

    RETURN NULL;
END;
$function$;

COMMENT ON FUNCTION tenancy.tg_resize_storage() IS
'Trigger: count changed sizes of stored objects. Raises TN010.';

ALTER FUNCTION tenancy.tg_resize_storage() OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy.tg_resize_storage() FROM public;
GRANT EXECUTE ON FUNCTION tenancy.tg_resize_storage()
TO tenancy_owner;

-- include: functions/tenancy/verify_api_key.sql
-- tenancy.verify_api_key(p_key, p_tenant): does this key open this tenant, now?
--
-- Never raises: false for anything that is not exactly right, whatever the reason.
-- Brute force: call it in a transaction of its own, so that its count of failures stays; each
--              failure of a minute makes the next one 10 ms slower, to half a second.
-- Tests:       tests/functions/tenancy/test_api_keys.py

CREATE OR REPLACE FUNCTION tenancy.verify_api_key(p_key text, p_tenant text)
RETURNS boolean
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_nobody CONSTANT uuid := '00000000-0000-0000-0000-000000000000';
    v_tenant_id uuid;
    v_identity tenancy_private.identity;
BEGIN
    IF octet_length(p_key) <= 8192 AND octet_length(p_tenant) <= 64 THEN
        v_tenant_id := tenancy_private.find_tenant(p_tenant);
        v_identity := tenancy_private.identify_api_key(p_key);
    END IF;

    IF v_identity.tenant_id = v_tenant_id AND tenancy_private.may_enter(v_tenant_id, '{}') THEN
        PERFORM tenancy_private.note_key_use(v_identity.unused_key);
        RETURN true;
    END IF;

    PERFORM tenancy_private.note_key_failure(coalesce(v_tenant_id, v_nobody));
    RETURN false;
END;
$function$;

COMMENT ON FUNCTION tenancy.verify_api_key(text, text) IS
'True when the API key is valid and opens the tenant with this slug or id; false otherwise, without raising.';

ALTER FUNCTION tenancy.verify_api_key(text, text) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy.verify_api_key(text, text) FROM public;
GRANT EXECUTE ON FUNCTION tenancy.verify_api_key(text, text)
TO tenancy_gateway, tenancy_operator;

-- include: functions/tenancy_private/context_in_force.sql
-- tenancy_private.context_in_force(): the signed context, if its role is the one in force.
--
-- Why read-only: a context without the right to write verifies in read-only transactions alone, so
--              that minting one without tenancy.enter() gains nothing. Doors ask may_write() too.
-- Why the role: SET ROLE to another tenant role must gain nothing, and a context that was minted
--              without tenancy.enter() has no role in force at all.
-- Tests:       tests/functions/tenancy/test_context.py

CREATE OR REPLACE FUNCTION tenancy_private.context_in_force()
RETURNS text
LANGUAGE plpgsql
STABLE
PARALLEL RESTRICTED
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_body text := tenancy_private.verified_context();
BEGIN
    IF v_body IS NULL OR current_setting('role') IS DISTINCT FROM (
        CASE substr(v_body, 69, 1)
            WHEN 'c' THEN 'tenancy_customer'
            WHEN 's' THEN 'tenancy_staff'
            WHEN 'm' THEN 'tenancy_manager'
            WHEN 'a' THEN 'tenancy_admin'
            WHEN 'o' THEN 'tenancy_operator'
        END
    ) OR (substr(v_body, 71, 1) = 'r' AND current_setting('transaction_read_only') <> 'on') THEN
        RETURN NULL;
    END IF;

    RETURN v_body;
END;
$function$;

COMMENT ON FUNCTION tenancy_private.context_in_force() IS
'The signed context when its role is in force, else NULL.';

ALTER FUNCTION tenancy_private.context_in_force() OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy_private.context_in_force() FROM public;

-- include: functions/tenancy_private/insert_tenant.sql
-- tenancy_private.insert_tenant(…): the record of a tenant, its subdomain, and what it is to have.
--
-- Raises:      TN005 subdomain taken. TN030 another region. 23503, 23514 a value out of its domain.
-- Tests:       tests/functions/tenancy/test_create_tenant.py

CREATE OR REPLACE FUNCTION tenancy_private.insert_tenant(
    p_id uuid,
    p_name text,
    p_industry text,
    p_slug text,
    p_plan text,
    p_region text
)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_region text;
BEGIN
    SELECT n.region INTO STRICT v_region FROM tenancy_private.node AS n;
    IF p_region <> v_region THEN
        RAISE EXCEPTION 'this cluster serves region %', v_region USING
            ERRCODE = 'TN030', HINT = 'Create the tenant in a cluster of its own region.';
    END IF;

    INSERT INTO tenancy_private.tenant
        (id, slug, name, industry, plan, status, region, compliance_tier)
    VALUES (
        p_id, p_slug, p_name, p_industry, p_plan, 'provisioning', v_region,
        CASE p_industry WHEN 'medspa' THEN 'hipaa' ELSE 'standard' END
    )
    ON CONFLICT (slug) DO NOTHING;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'slug is taken' USING
            ERRCODE = 'TN005', HINT = 'Choose one that is not reserved and resembles no other.';
    END IF;

    PERFORM tenancy_private.claim_slug(p_slug, p_id);
    INSERT INTO tenancy_private.resource (tenant_id, name)
    VALUES (p_id, 'settings'), (p_id, 'bucket');
END;
$function$;

COMMENT ON FUNCTION tenancy_private.insert_tenant(uuid, text, text, text, text, text) IS
'Insert a tenant in status provisioning. Raises TN005, TN030, 23503, 23514.';

ALTER FUNCTION tenancy_private.insert_tenant(uuid, text, text, text, text, text)
OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy_private.insert_tenant(uuid, text, text, text, text, text)
FROM public;

-- include: functions/tenancy_private/may_enter.sql
-- tenancy_private.may_enter(p_tenant_id, p_request): is the tenant open, here, for this request?
--
-- Hints:       host, tenant and location are what the client believes. They never choose a tenant
--              against the credential; one that disagrees refuses the request.
-- Tests:       tests/functions/tenancy/test_enter.py

CREATE OR REPLACE FUNCTION tenancy_private.may_enter(p_tenant_id uuid, p_request jsonb)
RETURNS boolean
LANGUAGE plpgsql
STABLE
PARALLEL RESTRICTED
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    RETURN EXISTS (
        SELECT
        FROM tenancy_private.tenant AS t
        INNER JOIN tenancy.tenant_status AS s ON t.status = s.status
        INNER JOIN tenancy_private.node AS n ON t.region = n.region
        WHERE t.id = p_tenant_id
          AND s.may_enter
          AND coalesce(p_request ->> 'tenant', t.slug) IN (t.slug, t.id::text)
          AND coalesce(p_request ->> 'location', t.slug) IN (t.slug, t.id::text)
          AND coalesce(tenancy_private.find_tenant_of_host(p_request ->> 'host'), t.id) = t.id
    );
END;
$function$;

COMMENT ON FUNCTION tenancy_private.may_enter(uuid, jsonb) IS
'True when the tenant exists, its status and region admit it here, and no hint disagrees.';

ALTER FUNCTION tenancy_private.may_enter(uuid, jsonb) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy_private.may_enter(uuid, jsonb) FROM public;

-- include: functions/tenancy_private/note_platform_action.sql
-- tenancy_private.note_platform_action(p_tenant_id, p_action): evidence that waits for review.
--
-- Tests:       tests/functions/tenancy/test_evidence.py

CREATE OR REPLACE FUNCTION tenancy_private.note_platform_action(p_tenant_id uuid, p_action text)
RETURNS void
LANGUAGE sql
VOLATILE
SECURITY DEFINER
BEGIN ATOMIC
INSERT INTO tenancy_private.platform_action (id, tenant_id, action, performed_by)
VALUES (tenancy.uuidv7(), p_tenant_id, p_action, session_user);
END;

COMMENT ON FUNCTION tenancy_private.note_platform_action(uuid, text) IS
'Record what the platform did to a tenant from outside.';

ALTER FUNCTION tenancy_private.note_platform_action(uuid, text) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy_private.note_platform_action(uuid, text) FROM public;

-- include: seeds/reference/2-tenant-statuses.sql
-- The stages of a tenant's life. Suspension stops keys, sessions and tickets together.

INSERT INTO tenancy.tenant_status (status, may_enter, may_write)
VALUES
('provisioning', false, false),
('active', true, true),
('read_only', true, false),
('suspended', false, false),
('moving', true, false),
('offboarding', true, false),
('purged', false, false)
ON CONFLICT (status) DO UPDATE
SET may_enter = excluded.may_enter, may_write = excluded.may_write;

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
