-- Add context.
-- depends: 0002.create-kernel

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

-- include: functions/app/tg_touch.sql
-- app.tg_touch(): updated_at is when the row last changed.
--
-- Tests:       tests/policies/test_walls_and_doors.py

CREATE OR REPLACE FUNCTION app.tg_touch()
RETURNS trigger
LANGUAGE plpgsql
SECURITY INVOKER
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    new.updated_at := clock_timestamp();
    RETURN new;
END;
$function$;

COMMENT ON FUNCTION app.tg_touch() IS
'Trigger: set updated_at.';

ALTER FUNCTION app.tg_touch() OWNER TO tenancy_owner;
REVOKE ALL ON FUNCTION app.tg_touch() FROM public;

-- include: functions/tenancy/actor_id.sql
-- tenancy.actor_id(): who acts in this transaction, or NULL.
--
-- Tests:       tests/functions/tenancy/test_context.py

CREATE OR REPLACE FUNCTION tenancy.actor_id()
RETURNS uuid
LANGUAGE plpgsql
STABLE
PARALLEL RESTRICTED
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    RETURN nullif(substr(tenancy_private.context_in_force(), 37, 32), repeat('0', 32))::uuid;
END;
$function$;

COMMENT ON FUNCTION tenancy.actor_id() IS
'The member, secret key or access ticket that acts; NULL for a public key, a job, or no context.';

ALTER FUNCTION tenancy.actor_id() OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy.actor_id() FROM public;
GRANT EXECUTE ON FUNCTION tenancy.actor_id()
TO tenancy_customer, tenancy_staff, tenancy_manager, tenancy_admin, tenancy_gateway,
tenancy_console, tenancy_operator, tenancy_owner, tenancy_auditor, tenancy_builder;

-- include: functions/tenancy/actor_role.sql
-- tenancy.actor_role(): the role of the actor inside the tenant, or NULL.
--
-- Tests:       tests/functions/tenancy/test_context.py

CREATE OR REPLACE FUNCTION tenancy.actor_role()
RETURNS text
LANGUAGE plpgsql
STABLE
PARALLEL RESTRICTED
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    RETURN (
        SELECT r.role
        FROM tenancy.tenant_role AS r
        WHERE r.code = substr(tenancy_private.context_in_force(), 69, 1)
    );
END;
$function$;

COMMENT ON FUNCTION tenancy.actor_role() IS
'customer, staff, manager, admin or operator: the signed role, when it is in force; else NULL.';

ALTER FUNCTION tenancy.actor_role() OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy.actor_role() FROM public;
GRANT EXECUTE ON FUNCTION tenancy.actor_role()
TO tenancy_customer, tenancy_staff, tenancy_manager, tenancy_admin, tenancy_gateway,
tenancy_console, tenancy_operator, tenancy_owner, tenancy_auditor, tenancy_builder;

-- include: functions/tenancy/add_tenant_column.sql
-- tenancy.add_tenant_column(p_table, p_is_filled): tenant_id, and a key that starts with it.
--
-- Filled:      rows get no tenant by guessing; the error carries the recipe.
-- Raises:      TN007 the table has rows and no tenant_id, or rows whose tenant_id is NULL.
-- Tests:       tests/functions/tenancy/test_protect_table.py

CREATE OR REPLACE FUNCTION tenancy.add_tenant_column(p_table regclass, p_is_filled boolean)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SECURITY INVOKER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_has_column boolean := EXISTS (
        SELECT FROM pg_attribute AS a WHERE a.attrelid = p_table AND a.attname = 'tenant_id'
    );
    v_rows_without_tenant boolean := p_is_filled;
    v_key record;
BEGIN
    IF v_has_column THEN
        EXECUTE format('SELECT EXISTS (SELECT FROM %s WHERE tenant_id IS NULL)', p_table)
        INTO v_rows_without_tenant;
    END IF;
    IF v_rows_without_tenant THEN
        RAISE EXCEPTION '% has rows without a tenant', p_table USING
            ERRCODE = 'TN007',
            HINT = format('ALTER TABLE %s ADD IF NOT EXISTS tenant_id uuid; UPDATE %1$s SET '
                'tenant_id = … in batches; then protect_table again.', p_table);
    END IF;

    IF NOT v_has_column THEN
        EXECUTE format('ALTER TABLE %s ADD tenant_id uuid', p_table);
    END IF;
    EXECUTE format(
        'ALTER TABLE %s ALTER tenant_id SET DEFAULT tenancy.tenant_id(), '
        'ALTER tenant_id SET NOT NULL', p_table
    );

    SELECT k.conname, string_agg(quote_ident(a.attname), ', ' ORDER BY u.place) AS columns
    INTO v_key
    FROM pg_constraint AS k
    CROSS JOIN unnest(k.conkey) WITH ORDINALITY AS u (attnum, place)
    INNER JOIN pg_attribute AS a ON k.conrelid = a.attrelid AND u.attnum = a.attnum
    WHERE k.conrelid = p_table AND k.contype = 'p'
      AND NOT EXISTS (SELECT FROM pg_constraint AS f WHERE f.confrelid = p_table)
    GROUP BY k.conname
    HAVING NOT bool_or(a.attname = 'tenant_id');
    IF FOUND AND NOT p_is_filled THEN
        EXECUTE format(
            'ALTER TABLE %s DROP CONSTRAINT %I, ADD PRIMARY KEY (tenant_id, %s)',
            p_table, v_key.conname, v_key.columns
        );
    END IF;
END;
$function$;

COMMENT ON FUNCTION tenancy.add_tenant_column(regclass, boolean) IS
'Step of tenancy.protect_table(): tenant_id NOT NULL with its default, and the key of an empty table. Raises TN007.';

ALTER FUNCTION tenancy.add_tenant_column(regclass, boolean) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy.add_tenant_column(regclass, boolean) FROM public;
GRANT EXECUTE ON FUNCTION tenancy.add_tenant_column(regclass, boolean)
TO tenancy_owner, tenancy_builder, pg_database_owner;

-- include: functions/tenancy/close_ticket.sql
-- tenancy.close_ticket(p_ticket_id): end an access ticket before it expires.
--
-- Raises:      TN001 no such ticket.
-- Tests:       tests/functions/tenancy/test_open_admin_session.py

CREATE OR REPLACE FUNCTION tenancy.close_ticket(p_ticket_id uuid)
RETURNS timestamptz
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_closed_at timestamptz;
BEGIN
    UPDATE tenancy_private.access_ticket AS t
    SET closed_at = coalesce(t.closed_at, clock_timestamp())
    WHERE t.id = p_ticket_id
    RETURNING t.closed_at INTO v_closed_at;

    IF NOT FOUND THEN
        RAISE EXCEPTION 'resource not found' USING ERRCODE = 'TN001';
    END IF;

    RETURN v_closed_at;
END;
$function$;

COMMENT ON FUNCTION tenancy.close_ticket(uuid) IS
'Close an access ticket and return when it was closed. Idempotent. Raises TN001.';

ALTER FUNCTION tenancy.close_ticket(uuid) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy.close_ticket(uuid) FROM public;
GRANT EXECUTE ON FUNCTION tenancy.close_ticket(uuid)
TO tenancy_console;

-- include: functions/tenancy/create_tenant.sql
-- tenancy.create_tenant(p_slug, p_name, p_industry, p_region): a new tenant, ready to be entered.
--
-- Raises:      TN002 not tenancy_admin. TN005 slug taken. 23514 a value out of its domain.
-- Tests:       tests/functions/tenancy/test_members_and_keys.py

CREATE OR REPLACE FUNCTION tenancy.create_tenant(
    p_slug text,
    p_name text,
    p_industry text,
    p_region text DEFAULT NULL
)
RETURNS uuid
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_id uuid := tenancy.uuidv7();
BEGIN
    IF NOT tenancy_private.may_administer(v_id) THEN
        RAISE EXCEPTION 'not permitted' USING
            ERRCODE = 'TN002', HINT = 'SET ROLE tenancy_admin outside any tenant.';
    END IF;

    INSERT INTO tenancy_private.tenant (id, slug, name, industry, region)
    VALUES (
        v_id, p_slug, p_name, p_industry,
        coalesce(p_region, (SELECT n.region FROM tenancy_private.node AS n))
    );

    RETURN v_id;
EXCEPTION
    WHEN unique_violation THEN
        RAISE EXCEPTION 'slug is taken' USING ERRCODE = 'TN005', HINT = 'Choose another slug.';
END;
$function$;

COMMENT ON FUNCTION tenancy.create_tenant(text, text, text, text) IS
'Create an active tenant (industry restaurant, medspa or hotel; region of this cluster by default) and return its id. Raises TN002, TN005, 23514.';

ALTER FUNCTION tenancy.create_tenant(text, text, text, text) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy.create_tenant(text, text, text, text) FROM public;
GRANT EXECUTE ON FUNCTION tenancy.create_tenant(text, text, text, text)
TO tenancy_admin;

-- include: functions/tenancy/enter.sql
-- tenancy.enter(credential, request): bind this transaction to the tenant of a credential.
--
-- First:       the first statement of a transaction, outside savepoints. The credential is a bind
--              parameter, never part of the text.
-- Why invoker: a definer may not change the role. Without a SET clause every name is qualified.
-- Raises:      TN001 no access. TN003 another context. TN004 request is not a small JSON object.
-- Tests:       tests/functions/tenancy/test_enter.py

CREATE OR REPLACE FUNCTION tenancy.enter(credential text, request jsonb DEFAULT '{}')
RETURNS uuid
LANGUAGE plpgsql
VOLATILE
SECURITY INVOKER
AS $function$
DECLARE
    v_context pg_catalog.record;
BEGIN
    SELECT m.tenant_id, m.database_role, m.may_write INTO v_context
    FROM tenancy.mint_context(credential, request) AS m;

    EXECUTE pg_catalog.format('SET LOCAL ROLE %I', v_context.database_role);
    IF NOT v_context.may_write THEN
        SET LOCAL transaction_read_only = on;
    END IF;

    RETURN v_context.tenant_id;
END;
$function$;

COMMENT ON FUNCTION tenancy.enter(text, jsonb) IS
'Enter the tenant of an API key, JWT or access ticket for this transaction and return its id. request: JSON object with tenant, location, host (hints) and request_id, client_address, user_agent (claims). Raises TN001, TN003, TN004.';

ALTER FUNCTION tenancy.enter(text, jsonb) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy.enter(text, jsonb) FROM public;
GRANT EXECUTE ON FUNCTION tenancy.enter(text, jsonb)
TO tenancy_customer, tenancy_staff, tenancy_manager, tenancy_admin, tenancy_gateway,
tenancy_console, tenancy_operator;

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

-- include: functions/tenancy/issue_api_key.sql
-- tenancy.issue_api_key(p_tenant_id, p_kind, p_role, p_days): a new API key, shown once.
--
-- Stored:      only the SHA-256 of the key. Public keys (pk_…) are anonymous customers.
-- Raises:      TN002 not permitted. TN004 not 1 to 730 days. 23514 a public key with another role.
-- Tests:       tests/functions/tenancy/test_members_and_keys.py

CREATE OR REPLACE FUNCTION tenancy.issue_api_key(
    p_tenant_id uuid,
    p_kind text,
    p_role text DEFAULT 'customer',
    p_days integer DEFAULT 90
)
RETURNS text
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_key text := tenancy_private.random_secret(
        CASE p_kind WHEN 'public' THEN 'pk_live_' ELSE 'sk_live_' END
    );
BEGIN
    IF NOT tenancy_private.may_administer(p_tenant_id) THEN
        RAISE EXCEPTION 'not permitted' USING
            ERRCODE = 'TN002',
            HINT = 'Enter the tenant as a manager, or SET ROLE tenancy_admin outside any tenant.';
    END IF;

    IF p_days IS NULL OR p_days NOT BETWEEN 1 AND 730 THEN
        RAISE EXCEPTION 'a key lasts 1 to 730 days'
            USING ERRCODE = 'TN004', HINT = 'Issue a new key before the old one expires.';
    END IF;

    INSERT INTO tenancy_private.api_key (id, tenant_id, digest, kind, role, expires_at)
    VALUES (
        tenancy.uuidv7(), p_tenant_id, sha256(convert_to(v_key, 'UTF8')), p_kind, p_role,
        clock_timestamp() + make_interval(days => p_days)
    );

    RETURN v_key;
END;
$function$;

COMMENT ON FUNCTION tenancy.issue_api_key(uuid, text, text, integer) IS
'Issue a public or secret API key and return its text, once. Raises TN002, TN004, 23514.';

ALTER FUNCTION tenancy.issue_api_key(uuid, text, text, integer) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy.issue_api_key(uuid, text, text, integer) FROM public;
GRANT EXECUTE ON FUNCTION tenancy.issue_api_key(uuid, text, text, integer)
TO tenancy_manager, tenancy_admin;

-- include: functions/tenancy/leave.sql
-- tenancy.leave(): give up the tenant before the transaction ends.
--
-- After it:    nothing is visible; only the same tenant, actor and role may enter again (TN003).
-- Tests:       tests/functions/tenancy/test_context.py

CREATE OR REPLACE FUNCTION tenancy.leave()
RETURNS void
LANGUAGE plpgsql
VOLATILE
SECURITY INVOKER
AS $function$
BEGIN
    PERFORM tenancy.retire_context();
    SET LOCAL ROLE NONE;
END;
$function$;

COMMENT ON FUNCTION tenancy.leave() IS
'End the context of this transaction and return to the login''s own role. Idempotent.';

ALTER FUNCTION tenancy.leave() OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy.leave() FROM public;
GRANT EXECUTE ON FUNCTION tenancy.leave()
TO tenancy_customer, tenancy_staff, tenancy_manager, tenancy_admin, tenancy_gateway,
tenancy_console, tenancy_operator;

-- include: functions/tenancy/list_api_keys.sql
-- tenancy.list_api_keys(p_tenant_id): the keys of a tenant, without their text.
--
-- Raises:      TN002 not permitted.
-- Tests:       tests/functions/tenancy/test_members_and_keys.py

CREATE OR REPLACE FUNCTION tenancy.list_api_keys(p_tenant_id uuid)
RETURNS TABLE (
    id uuid, kind text, role text,
    created_at timestamptz, expires_at timestamptz, revoked_at timestamptz
)
LANGUAGE plpgsql
STABLE
PARALLEL RESTRICTED
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    IF NOT tenancy_private.may_administer(p_tenant_id) THEN
        RAISE EXCEPTION 'not permitted' USING
            ERRCODE = 'TN002',
            HINT = 'Enter the tenant as a manager, or SET ROLE tenancy_admin outside any tenant.';
    END IF;

    RETURN QUERY
    SELECT k.id, k.kind, k.role, k.created_at, k.expires_at, k.revoked_at
    FROM tenancy_private.api_key AS k
    WHERE k.tenant_id = p_tenant_id
    ORDER BY k.created_at;
END;
$function$;

COMMENT ON FUNCTION tenancy.list_api_keys(uuid) IS
'Keys of a tenant, oldest first; never the keys themselves. Raises TN002.';

ALTER FUNCTION tenancy.list_api_keys(uuid) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy.list_api_keys(uuid) FROM public;
GRANT EXECUTE ON FUNCTION tenancy.list_api_keys(uuid)
TO tenancy_manager, tenancy_admin;

-- include: functions/tenancy/list_members.sql
-- tenancy.list_members(p_tenant_id): who belongs to the tenant.
--
-- Raises:      TN002 not permitted.
-- Tests:       tests/functions/tenancy/test_members_and_keys.py

CREATE OR REPLACE FUNCTION tenancy.list_members(p_tenant_id uuid)
RETURNS TABLE (user_id uuid, role text, created_at timestamptz)
LANGUAGE plpgsql
STABLE
PARALLEL RESTRICTED
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    IF NOT tenancy_private.may_administer(p_tenant_id) THEN
        RAISE EXCEPTION 'not permitted' USING
            ERRCODE = 'TN002',
            HINT = 'Enter the tenant as a manager, or SET ROLE tenancy_admin outside any tenant.';
    END IF;

    RETURN QUERY
    SELECT m.user_id, m.role, m.created_at
    FROM tenancy_private.member AS m
    WHERE m.tenant_id = p_tenant_id
    ORDER BY m.created_at, m.user_id;
END;
$function$;

COMMENT ON FUNCTION tenancy.list_members(uuid) IS
'Members of a tenant, oldest first. Raises TN002.';

ALTER FUNCTION tenancy.list_members(uuid) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy.list_members(uuid) FROM public;
GRANT EXECUTE ON FUNCTION tenancy.list_members(uuid)
TO tenancy_manager, tenancy_admin;

-- include: functions/tenancy/mint_context.sql
-- tenancy.mint_context(p_credential, p_request): prove a credential and sign the context.
--
-- Why definer: callers may read neither credentials nor keys. A definer may not change the role, so
--              tenancy.enter() does that; a context minted without it verifies to NULL.
-- One answer:  unknown, expired, revoked, suspended, wrong region, disagreeing hint: same path,
--              same text, nothing about whether the tenant exists.
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
        RAISE EXCEPTION 'resource not found' USING ERRCODE = 'TN001';
    END IF;

    PERFORM tenancy_private.sign_context(
        v_identity.tenant_id, v_identity.actor_id, v_identity.role, v_request
    );

    SELECT t.id, r.database_role, s.may_write
    INTO STRICT tenant_id, database_role, may_write
    FROM tenancy_private.tenant AS t
    INNER JOIN tenancy.tenant_status AS s ON t.status = s.status
    CROSS JOIN tenancy.tenant_role AS r
    WHERE t.id = v_identity.tenant_id AND r.role = v_identity.role;
END;
$function$;

COMMENT ON FUNCTION tenancy.mint_context(text, jsonb) IS
'Prove a credential and sign the context of this transaction. Called by tenancy.enter(). Raises TN001, TN003, TN004.';

ALTER FUNCTION tenancy.mint_context(text, jsonb) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy.mint_context(text, jsonb) FROM public;
GRANT EXECUTE ON FUNCTION tenancy.mint_context(text, jsonb)
TO tenancy_customer, tenancy_staff, tenancy_manager, tenancy_admin, tenancy_gateway,
tenancy_console, tenancy_operator;

-- include: functions/tenancy/mint_named_context.sql
-- tenancy.mint_named_context(p_tenant_id): prove that the caller belongs to the named tenant.
--
-- Identity:    the context in force, else the raw credential of a PostgREST request.
-- Raises:      TN001 no such tenant, or not the caller's. TN003 the caller''s, but not entered.
-- Tests:       tests/functions/tenancy/test_set_tenant_context.py

CREATE OR REPLACE FUNCTION tenancy.mint_named_context(
    p_tenant_id text,
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
    v_body text := tenancy_private.context_in_force();
    v_tenant_id uuid := tenancy_private.find_tenant(p_tenant_id);
BEGIN
    IF v_body IS NULL THEN
        SELECT m.tenant_id, m.database_role, m.may_write
        INTO tenant_id, database_role, may_write
        FROM tenancy.mint_context(
            tenancy_private.request_credential(), jsonb_build_object('tenant', left(p_tenant_id, 64))
        ) AS m;
        RETURN;
    END IF;

    IF v_tenant_id IS NULL OR NOT EXISTS (
        SELECT WHERE v_tenant_id = substr(v_body, 5, 32)::uuid
        UNION ALL
        SELECT
        FROM tenancy_private.member AS m
        WHERE m.tenant_id = v_tenant_id AND m.user_id = substr(v_body, 37, 32)::uuid
    ) THEN
        RAISE EXCEPTION 'resource not found' USING ERRCODE = 'TN001';
    END IF;

    IF v_tenant_id <> substr(v_body, 5, 32)::uuid THEN
        RAISE EXCEPTION 'this transaction already has another context' USING
            ERRCODE = 'TN003',
            HINT = 'One tenant, actor and role per transaction: commit first.';
    END IF;

    tenant_id := v_tenant_id;
    database_role := current_setting('role');
    may_write := true;
END;
$function$;

COMMENT ON FUNCTION tenancy.mint_named_context(text) IS
'Prove membership of the named tenant. Called by tenancy.set_tenant_context(). Raises TN001, TN003.';

ALTER FUNCTION tenancy.mint_named_context(text) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy.mint_named_context(text) FROM public;
GRANT EXECUTE ON FUNCTION tenancy.mint_named_context(text)
TO tenancy_customer, tenancy_staff, tenancy_manager, tenancy_admin, tenancy_gateway,
tenancy_console, tenancy_operator;

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

    PERFORM tenancy_private.sign_context(p_tenant_id, NULL, 'operator', v_request);
END;
$function$;

COMMENT ON FUNCTION tenancy.mint_system_context(uuid, text) IS
'Sign the context of a job on one tenant. Called by tenancy.enter_system(). Raises TN001, TN003, TN004.';

ALTER FUNCTION tenancy.mint_system_context(uuid, text) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy.mint_system_context(uuid, text) FROM public;
GRANT EXECUTE ON FUNCTION tenancy.mint_system_context(uuid, text)
TO tenancy_operator;

-- include: functions/tenancy/open_admin_session.sql
-- tenancy.open_admin_session(p_tenant_id, p_reason, p_minutes): break-glass for one tenant.
--
-- Evidence:    the ticket is a row that waits for review. It works only after COMMIT, so whatever
--              is done with it cannot be rolled back out of sight.
-- Raises:      TN001 no such tenant here. TN004 no reason, or not 1 to 480 minutes.
-- Tests:       tests/functions/tenancy/test_open_admin_session.py

CREATE OR REPLACE FUNCTION tenancy.open_admin_session(
    p_tenant_id uuid,
    p_reason text,
    p_minutes integer DEFAULT 30
)
RETURNS text
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_ticket text := tenancy_private.random_secret('at_');
BEGIN
    IF length(btrim(coalesce(p_reason, ''))) NOT BETWEEN 10 AND 1000
        OR p_minutes IS NULL OR p_minutes NOT BETWEEN 1 AND 480
    THEN
        RAISE EXCEPTION 'an admin session needs a reason and 1 to 480 minutes' USING
            ERRCODE = 'TN004',
            HINT = 'Give the reason in a sentence of 10 to 1000 characters.';
    END IF;

    IF NOT EXISTS (
        SELECT
        FROM tenancy_private.tenant AS t
        INNER JOIN tenancy_private.node AS n ON t.region = n.region
        WHERE t.id = p_tenant_id
    ) THEN
        RAISE EXCEPTION 'resource not found' USING ERRCODE = 'TN001';
    END IF;

    INSERT INTO tenancy_private.access_ticket
        (id, tenant_id, digest, opened_by, reason, expires_at)
    VALUES (
        tenancy.uuidv7(), p_tenant_id, sha256(convert_to(v_ticket, 'UTF8')), session_user,
        btrim(p_reason), clock_timestamp() + make_interval(mins => p_minutes)
    );

    RETURN v_ticket;
END;
$function$;

COMMENT ON FUNCTION tenancy.open_admin_session(uuid, text, integer) IS
'Open an access ticket for one tenant and return its secret, once; it works after COMMIT. Raises TN001, TN004.';

ALTER FUNCTION tenancy.open_admin_session(uuid, text, integer) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy.open_admin_session(uuid, text, integer) FROM public;
GRANT EXECUTE ON FUNCTION tenancy.open_admin_session(uuid, text, integer)
TO tenancy_console;

-- include: functions/tenancy/protect_table.sql
-- tenancy.protect_table(p_table, p_subject_column): put a table of your own behind the wall.
--
-- Who:         the owner of the table (a member of tenancy_builder), who keeps it. Idempotent; run
--              it again after a change of tenancy.access_matrix or of columns.
-- Adds:        tenant_id, a key that starts with it (on an empty table), wall, doors, FORCE, column
--              grants, the identity trigger and the registry row.
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

-- include: functions/tenancy/protection_ddl.sql
-- tenancy.protection_ddl(p_table): the statements that protect a registered table.
--
-- One shape:   policies/app/*.sql and tenancy.protect_table() are this text, so that the wall and
--              the doors read the same on every table.
-- Tests:       tests/policies/test_walls_and_doors.py

CREATE OR REPLACE FUNCTION tenancy.protection_ddl(p_table regclass)
RETURNS SETOF text
LANGUAGE sql
STABLE
SECURITY INVOKER
ROWS 20
SET search_path = pg_catalog, pg_temp
AS $function$
    WITH target AS (
        SELECT
            p.subject_column,
            p.server_columns,
            format('%I.%I', p.schema_name, p.table_name) AS name,
            p.schema_name || '.' || p.table_name AS resource,
            pg_get_userbyid(c.relowner) AS owner
        FROM pg_class AS c
        INNER JOIN pg_namespace AS n ON c.relnamespace = n.oid
        INNER JOIN tenancy.protected_table AS p
            ON n.nspname = p.schema_name AND c.relname = p.table_name
        WHERE c.oid = p_table
    ),

    door AS (
        SELECT
            m.row_scope || '_' || m.command AS name,
            upper(m.command) AS command,
            string_agg(r.database_role, ', ' ORDER BY r.rank) AS roles,
            CASE m.row_scope
                WHEN 'tenant' THEN 'true'
                ELSE format('%I = (SELECT tenancy.actor_id())', t.subject_column)
            END AS rule
        FROM tenancy.access_matrix AS m
        INNER JOIN target AS t ON m.resource = t.resource
        INNER JOIN tenancy.tenant_role AS r ON m.role = r.role
        GROUP BY m.row_scope, m.command, t.subject_column
    ),

    column_list AS (
        SELECT
            upper(m.command) AS command,
            r.rank,
            r.database_role,
            string_agg(quote_ident(a.attname), E',\n    ' ORDER BY a.attnum) AS columns
        FROM tenancy.access_matrix AS m
        INNER JOIN target AS t ON m.resource = t.resource
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
        SELECT
            c.command,
            CASE WHEN c.command <> 'DELETE' THEN c.columns END AS columns,
            string_agg(c.database_role, ', ' ORDER BY c.rank) AS roles
        FROM column_list AS c
        GROUP BY c.command, CASE WHEN c.command <> 'DELETE' THEN c.columns END
    )

    SELECT s.text
    FROM (
        SELECT 10 AS line, format('DROP POLICY IF EXISTS %s ON %s;', x.name, t.name) AS text
        FROM target AS t
        CROSS JOIN unnest(ARRAY[
            'tenant_wall', 'owner_door',
            'tenant_select', 'tenant_insert', 'tenant_update', 'tenant_delete',
            'subject_select', 'subject_insert', 'subject_update', 'subject_delete'
        ]) AS x (name)
        UNION ALL
        SELECT 20, format(E'ALTER TABLE %s ENABLE ROW LEVEL SECURITY;\n'
            'ALTER TABLE %1$s FORCE ROW LEVEL SECURITY;', t.name)
        FROM target AS t
        UNION ALL
        SELECT 30, format(E'CREATE POLICY tenant_wall ON %s AS RESTRICTIVE FOR ALL TO public\n'
            'USING (tenant_id = (SELECT tenancy.tenant_id()))\n'
            'WITH CHECK (tenant_id = (SELECT tenancy.tenant_id()));', t.name)
        FROM target AS t
        UNION ALL
        SELECT 31, format(E'COMMENT ON POLICY tenant_wall ON %s IS\n'
            '%L;', t.name, 'Restrictive: no permissive policy added later can cross tenants.')
        FROM target AS t
        UNION ALL
        SELECT 40, format('CREATE POLICY owner_door ON %s TO %I USING (true);', t.name, t.owner)
        FROM target AS t
        UNION ALL
        SELECT 41, format(E'COMMENT ON POLICY owner_door ON %s IS\n'
            '%L;', t.name, 'Definer functions of the owner work, and only inside the tenant.')
        FROM target AS t
        UNION ALL
        SELECT 50, format(E'CREATE POLICY %s ON %s FOR %s\nTO %s%s%s;', d.name, t.name, d.command,
            d.roles,
            CASE WHEN d.command <> 'INSERT' THEN format(E'\nUSING (%s)', d.rule) END,
            CASE WHEN d.command IN ('INSERT', 'UPDATE')
                THEN format(E'\nWITH CHECK (%s)', d.rule) END)
        FROM door AS d CROSS JOIN target AS t
        UNION ALL
        SELECT 60, format(E'REVOKE ALL ON %s\nFROM public, %s;', t.name,
            (SELECT string_agg(r.database_role, ', ' ORDER BY r.rank)
                FROM tenancy.tenant_role AS r))
        FROM target AS t
        UNION ALL
        SELECT 70, CASE g.command
            WHEN 'DELETE' THEN format('GRANT DELETE ON %s TO %s;', t.name, g.roles)
            ELSE format(E'GRANT %s (\n    %s\n) ON %s\nTO %s;', g.command, g.columns, t.name,
                g.roles)
        END
        FROM granted AS g CROSS JOIN target AS t
    ) AS s
    ORDER BY s.line, s.text;
$function$;

COMMENT ON FUNCTION tenancy.protection_ddl(regclass) IS
'Statements that give a registered table its wall, doors and column grants, in order.';

ALTER FUNCTION tenancy.protection_ddl(regclass) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy.protection_ddl(regclass) FROM public;
GRANT EXECUTE ON FUNCTION tenancy.protection_ddl(regclass)
TO tenancy_owner, tenancy_builder, pg_database_owner;

-- include: functions/tenancy/protection_obstacles.sql
-- tenancy.protection_obstacles(p_table): why a table cannot be protected as it is.
--
-- Rows:        what tenancy.protect_table() does not repair by itself, each with the remedy.
-- Tests:       tests/functions/tenancy/test_protect_table.py

CREATE OR REPLACE FUNCTION tenancy.protection_obstacles(p_table regclass)
RETURNS TABLE (obstacle text, remedy text, is_repairable boolean)
LANGUAGE sql
STABLE
SECURITY INVOKER
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT 'it is not an ordinary table', 'Protect the tables behind it.', false
    FROM pg_class AS c
    WHERE c.oid = p_table AND (c.relkind <> 'r' OR c.relispartition OR EXISTS (
        SELECT FROM pg_inherits AS i WHERE p_table IN (i.inhrelid, i.inhparent)
    ))
    UNION ALL
    SELECT 'rule ' || r.rulename || ' runs with the rights of its owner', 'Drop the rule.', false
    FROM pg_rewrite AS r
    WHERE r.ev_class = p_table
    UNION ALL
    SELECT 'tenant_id is not a uuid', 'ALTER TABLE … ALTER tenant_id TYPE uuid.',
        false
    FROM pg_attribute AS a
    WHERE a.attrelid = p_table AND a.attname = 'tenant_id' AND a.atttypid <> 'uuid'::regtype
    UNION ALL
    SELECT
        'unique key ' || i.indexrelid::regclass || ' does not start with tenant_id',
        'Rebuild it as (tenant_id, …): otherwise it tells which values other tenants use.',
        i.indisprimary AND NOT EXISTS (
            SELECT FROM pg_constraint AS f WHERE f.confrelid = p_table
        )
    FROM pg_index AS i
    LEFT JOIN pg_attribute AS a ON i.indrelid = a.attrelid AND i.indkey[0] = a.attnum
    WHERE i.indrelid = p_table
      AND (i.indisunique OR i.indisexclusion)
      AND a.attname IS DISTINCT FROM 'tenant_id'
    UNION ALL
    SELECT
        'foreign key ' || k.conname || ' does not start with tenant_id',
        'Rebuild it as (tenant_id, …): otherwise it may point into another tenant.',
        false
    FROM pg_constraint AS k
    INNER JOIN pg_class AS f ON k.confrelid = f.oid
    INNER JOIN pg_namespace AS n ON f.relnamespace = n.oid
    INNER JOIN tenancy.protected_table AS p
        ON n.nspname = p.schema_name AND f.relname = p.table_name
    INNER JOIN pg_attribute AS a ON k.conrelid = a.attrelid AND k.conkey[1] = a.attnum
    WHERE k.conrelid = p_table AND k.contype = 'f' AND a.attname <> 'tenant_id';
$function$;

COMMENT ON FUNCTION tenancy.protection_obstacles(regclass) IS
'What stands in the way of tenancy.protect_table(), one row each, with the remedy (is_repairable: done by itself on an empty table); empty when nothing does.';

ALTER FUNCTION tenancy.protection_obstacles(regclass) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy.protection_obstacles(regclass) FROM public;
GRANT EXECUTE ON FUNCTION tenancy.protection_obstacles(regclass)
TO tenancy_owner, tenancy_builder, pg_database_owner;

-- include: functions/tenancy/refuse_obstacles.sql
-- tenancy.refuse_obstacles(p_table, p_even_repairable): step of tenancy.protect_table().
--
-- Raises:      TN006 the first obstacle, with its remedy as the hint.
-- Tests:       tests/functions/tenancy/test_protect_table.py

CREATE OR REPLACE FUNCTION tenancy.refuse_obstacles(p_table regclass, p_even_repairable boolean)
RETURNS void
LANGUAGE plpgsql
STABLE
SECURITY INVOKER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_obstacle record;
BEGIN
    SELECT o.obstacle, o.remedy INTO v_obstacle
    FROM tenancy.protection_obstacles(p_table) AS o
    WHERE p_even_repairable OR NOT o.is_repairable
    LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION '% cannot be protected: %', p_table, v_obstacle.obstacle
            USING ERRCODE = 'TN006', HINT = v_obstacle.remedy;
    END IF;
END;
$function$;

COMMENT ON FUNCTION tenancy.refuse_obstacles(regclass, boolean) IS
'Refuse a table that cannot be made safe. Raises TN006.';

ALTER FUNCTION tenancy.refuse_obstacles(regclass, boolean) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy.refuse_obstacles(regclass, boolean) FROM public;
GRANT EXECUTE ON FUNCTION tenancy.refuse_obstacles(regclass, boolean)
TO tenancy_owner, tenancy_builder, pg_database_owner;

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

-- include: functions/tenancy/register_table.sql
-- tenancy.register_table(p_table, p_subject_column): enter a table in the registry.
--
-- Why definer: the registry is the kernel's. Only who owns the table may register it.
-- Grid:        a new table gets the rows of resource *; subject rows only with a subject column.
-- Raises:      TN002 not the owner.
-- Tests:       tests/functions/tenancy/test_protect_table.py

CREATE OR REPLACE FUNCTION tenancy.register_table(p_table regclass, p_subject_column name)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_caller name := coalesce(nullif(current_setting('role'), 'none'), session_user);
    v_schema name;
    v_table name;
BEGIN
    SELECT n.nspname, c.relname INTO STRICT v_schema, v_table
    FROM pg_class AS c
    INNER JOIN pg_namespace AS n ON c.relnamespace = n.oid
    WHERE c.oid = p_table AND pg_has_role(v_caller, c.relowner, 'USAGE');

    INSERT INTO tenancy.protected_table (schema_name, table_name, subject_column)
    VALUES (v_schema, v_table, p_subject_column)
    ON CONFLICT (schema_name, table_name) DO UPDATE
    SET subject_column = coalesce(excluded.subject_column, protected_table.subject_column);

    INSERT INTO tenancy.access_matrix (resource, role, command, row_scope)
    SELECT v_schema || '.' || v_table, m.role, m.command, m.row_scope
    FROM tenancy.access_matrix AS m
    WHERE m.resource = '*'
      AND (m.row_scope = 'tenant' OR p_subject_column IS NOT NULL)
      AND NOT EXISTS (
          SELECT FROM tenancy.access_matrix AS x WHERE x.resource = v_schema || '.' || v_table
      );
EXCEPTION
    WHEN no_data_found THEN
        RAISE EXCEPTION 'only the owner of a table may register it' USING ERRCODE = 'TN002';
END;
$function$;

COMMENT ON FUNCTION tenancy.register_table(regclass, name) IS
'Put a table of the caller in the registry, with the default grid. Idempotent. Raises TN002.';

ALTER FUNCTION tenancy.register_table(regclass, name) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy.register_table(regclass, name) FROM public;
GRANT EXECUTE ON FUNCTION tenancy.register_table(regclass, name)
TO tenancy_owner, tenancy_builder, pg_database_owner;

-- include: functions/tenancy/remove_member.sql
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
    IF NOT tenancy_private.may_administer(p_tenant_id) THEN
        RAISE EXCEPTION 'not permitted' USING
            ERRCODE = 'TN002',
            HINT = 'Enter the tenant as a manager, or SET ROLE tenancy_admin outside any tenant.';
    END IF;

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

-- include: functions/tenancy/retire_context.sql
-- tenancy.retire_context(): sign the end of a context. Called by tenancy.leave().
--
-- Why signed:  leaving must not make room for another tenant in the same transaction, where open
--              cursors and deferred triggers still belong to the first.
-- Tests:       tests/functions/tenancy/test_context.py

CREATE OR REPLACE FUNCTION tenancy.retire_context()
RETURNS void
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_body text := tenancy_private.verified_context();
BEGIN
    IF v_body IS NULL THEN
        RETURN;
    END IF;

    v_body := overlay(v_body PLACING '-' FROM 69);
    EXECUTE format(
        'SET LOCAL tenancy.context = %L',
        v_body || tenancy_private.context_mac(left(v_body, 4), v_body)
    );
END;
$function$;

COMMENT ON FUNCTION tenancy.retire_context() IS
'Replace the context by its signed end: it verifies to no role. Idempotent.';

ALTER FUNCTION tenancy.retire_context() OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy.retire_context() FROM public;
GRANT EXECUTE ON FUNCTION tenancy.retire_context()
TO tenancy_customer, tenancy_staff, tenancy_manager, tenancy_admin, tenancy_gateway,
tenancy_console, tenancy_operator;

-- include: functions/tenancy/revoke_api_key.sql
-- tenancy.revoke_api_key(p_tenant_id, p_key_id): an API key stops working at once.
--
-- Raises:      TN001 no such key of this tenant. TN002 not permitted.
-- Tests:       tests/functions/tenancy/test_members_and_keys.py

CREATE OR REPLACE FUNCTION tenancy.revoke_api_key(p_tenant_id uuid, p_key_id uuid)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    IF NOT tenancy_private.may_administer(p_tenant_id) THEN
        RAISE EXCEPTION 'not permitted' USING
            ERRCODE = 'TN002',
            HINT = 'Enter the tenant as a manager, or SET ROLE tenancy_admin outside any tenant.';
    END IF;

    UPDATE tenancy_private.api_key
    SET revoked_at = coalesce(revoked_at, clock_timestamp())
    WHERE tenant_id = p_tenant_id AND id = p_key_id;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'resource not found' USING ERRCODE = 'TN001';
    END IF;
END;
$function$;

COMMENT ON FUNCTION tenancy.revoke_api_key(uuid, uuid) IS
'Revoke an API key. Idempotent. Raises TN001, TN002.';

ALTER FUNCTION tenancy.revoke_api_key(uuid, uuid) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy.revoke_api_key(uuid, uuid) FROM public;
GRANT EXECUTE ON FUNCTION tenancy.revoke_api_key(uuid, uuid)
TO tenancy_manager, tenancy_admin;

-- include: functions/tenancy/rotate_context_key.sql
-- tenancy.rotate_context_key(): sign from now on with a new random key.
--
-- Open transactions: the key before this one still verifies, so nobody is thrown out; older ones
--              are deleted. Rotating twice at once ends every context minted before.
-- Secret:      made here from strong random bytes; it never appears in a statement or a log.
-- Tests:       tests/functions/tenancy/test_context.py

CREATE OR REPLACE FUNCTION tenancy.rotate_context_key()
RETURNS text
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_kid text;
BEGIN
    LOCK TABLE tenancy_private.context_key IN SHARE ROW EXCLUSIVE MODE;

    DELETE FROM tenancy_private.context_key WHERE NOT is_current;
    UPDATE tenancy_private.context_key SET is_current = false WHERE is_current;

    SELECT to_char(coalesce(max(k.kid::integer), 0) % 9999 + 1, 'FM0000') INTO v_kid
    FROM tenancy_private.context_key AS k;

    INSERT INTO tenancy_private.context_key (kid, ipad, opad, is_current)
    SELECT v_kid, p.ipad, p.opad, true
    FROM tenancy_private.hmac_pads(
        convert_to(tenancy_private.random_secret('') || tenancy_private.random_secret(''), 'UTF8')
    ) AS p;

    RETURN v_kid;
END;
$function$;

COMMENT ON FUNCTION tenancy.rotate_context_key() IS
'Make a new signing key, keep the one before for open transactions, and return its number.';

ALTER FUNCTION tenancy.rotate_context_key() OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy.rotate_context_key() FROM public;
GRANT EXECUTE ON FUNCTION tenancy.rotate_context_key()
TO tenancy_admin, pg_database_owner;

-- include: functions/tenancy/set_member.sql
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
    IF NOT tenancy_private.may_administer(p_tenant_id) THEN
        RAISE EXCEPTION 'not permitted' USING
            ERRCODE = 'TN002',
            HINT = 'Enter the tenant as a manager, or SET ROLE tenancy_admin outside any tenant.';
    END IF;

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

-- include: functions/tenancy/set_tenant_context.sql
-- tenancy.set_tenant_context(p_tenant_id): the product's documented call, by slug or id.
--
-- Proof:       it succeeds only where the caller's verified identity belongs to that tenant: the
--              name chooses among what the credential opens, it opens nothing.
-- Raises:      TN001 no such tenant, or not the caller's. TN003 another context.
-- Tests:       tests/functions/tenancy/test_set_tenant_context.py

CREATE OR REPLACE FUNCTION tenancy.set_tenant_context(p_tenant_id text)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SECURITY INVOKER
AS $function$
DECLARE
    v_context pg_catalog.record;
BEGIN
    SELECT m.database_role, m.may_write INTO v_context
    FROM tenancy.mint_named_context(p_tenant_id) AS m;

    EXECUTE pg_catalog.format('SET LOCAL ROLE %I', v_context.database_role);
    IF NOT v_context.may_write THEN
        SET LOCAL transaction_read_only = on;
    END IF;
END;
$function$;

COMMENT ON FUNCTION tenancy.set_tenant_context(text) IS
'Enter, or confirm, the tenant with this slug or id. Raises TN001, TN003.';

ALTER FUNCTION tenancy.set_tenant_context(text) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy.set_tenant_context(text) FROM public;
GRANT EXECUTE ON FUNCTION tenancy.set_tenant_context(text)
TO tenancy_customer, tenancy_staff, tenancy_manager, tenancy_admin, tenancy_gateway,
tenancy_console, tenancy_operator;

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

-- include: functions/tenancy/tenant_id.sql
-- tenancy.tenant_id(): the tenant of this transaction, or NULL.
--
-- Use:         always as (SELECT tenancy.tenant_id()): once per statement, and an index condition.
-- Never:       IMMUTABLE (a cached plan would serve one tenant's rows to another), LEAKPROOF, or
--              PARALLEL SAFE (a worker has another pid: rows would be missing without an error).
-- Tests:       tests/functions/tenancy/test_context.py

CREATE OR REPLACE FUNCTION tenancy.tenant_id()
RETURNS uuid
LANGUAGE plpgsql
STABLE
PARALLEL RESTRICTED
COST 1000
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    RETURN substr(tenancy_private.context_in_force(), 5, 32)::uuid;
END;
$function$;

COMMENT ON FUNCTION tenancy.tenant_id() IS
'Tenant proven by tenancy.enter() for this transaction; NULL when there is none.';

ALTER FUNCTION tenancy.tenant_id() OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy.tenant_id() FROM public;
GRANT EXECUTE ON FUNCTION tenancy.tenant_id()
TO tenancy_customer, tenancy_staff, tenancy_manager, tenancy_admin, tenancy_gateway,
tenancy_console, tenancy_operator, tenancy_owner, tenancy_auditor, tenancy_builder;

-- include: functions/tenancy/tg_keep_identity.sql
-- tenancy.tg_keep_identity(): a row keeps its tenant and its id.
--
-- Why:         tenant_id is in no UPDATE grant; this also holds owners and definers. An upsert that
--              sets the key to what it was passes.
-- Raises:      TN009 tenant_id or id changed.
-- Tests:       tests/policies/test_walls_and_doors.py

CREATE OR REPLACE FUNCTION tenancy.tg_keep_identity()
RETURNS trigger
LANGUAGE plpgsql
SECURITY INVOKER
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    IF new.tenant_id IS DISTINCT FROM old.tenant_id
        OR to_jsonb(new) -> 'id' IS DISTINCT FROM to_jsonb(old) -> 'id'
    THEN
        RAISE EXCEPTION 'tenant_id and id of a row never change' USING
            ERRCODE = 'TN009', HINT = 'Insert a new row and delete this one.';
    END IF;

    RETURN new;
END;
$function$;

COMMENT ON FUNCTION tenancy.tg_keep_identity() IS
'Trigger: refuse an UPDATE that changes tenant_id or id. Raises TN009.';

ALTER FUNCTION tenancy.tg_keep_identity() OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy.tg_keep_identity() FROM public;
GRANT EXECUTE ON FUNCTION tenancy.tg_keep_identity()
TO tenancy_owner, tenancy_builder, pg_database_owner;

-- include: functions/tenancy/unprotect_table.sql
-- tenancy.unprotect_table(p_table): take the wall, the doors and every tenant grant away again.
--
-- Fails closed: the grants go first, so no tenant role reaches the table without its wall.
-- Keeps:       tenant_id and the keys: they hold data.
-- Raises:      TN002 not the owner.
-- Tests:       tests/functions/tenancy/test_protect_table.py

CREATE OR REPLACE FUNCTION tenancy.unprotect_table(p_table regclass)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SECURITY INVOKER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_policy name;
BEGIN
    PERFORM tenancy.unregister_table(p_table);
    EXECUTE format(
        'REVOKE ALL ON %s FROM public, tenancy_customer, tenancy_staff, tenancy_manager, '
        'tenancy_admin, tenancy_operator', p_table
    );
    FOR v_policy IN
        SELECT p.polname
        FROM pg_policy AS p
        WHERE p.polrelid = p_table
          AND p.polname ~ '^(tenant_wall|owner_door|(tenant|subject)_(select|insert|update|delete))$'
    LOOP
        EXECUTE format('DROP POLICY %I ON %s', v_policy, p_table);
    END LOOP;
    EXECUTE format('DROP TRIGGER IF EXISTS _100_keep_identity ON %s', p_table);
    EXECUTE format(
        'ALTER TABLE %s NO FORCE ROW LEVEL SECURITY, DISABLE ROW LEVEL SECURITY', p_table
    );
END;
$function$;

COMMENT ON FUNCTION tenancy.unprotect_table(regclass) IS
'Undo tenancy.protect_table(), except for the column and the keys. Idempotent. Raises TN002.';

ALTER FUNCTION tenancy.unprotect_table(regclass) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy.unprotect_table(regclass) FROM public;
GRANT EXECUTE ON FUNCTION tenancy.unprotect_table(regclass)
TO tenancy_owner, tenancy_builder, pg_database_owner;

-- include: functions/tenancy/unregister_table.sql
-- tenancy.unregister_table(p_table): take a table, and its grid, out of the registry.
--
-- Raises:      TN002 not the owner.
-- Tests:       tests/functions/tenancy/test_protect_table.py

CREATE OR REPLACE FUNCTION tenancy.unregister_table(p_table regclass)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_caller name := coalesce(nullif(current_setting('role'), 'none'), session_user);
    v_schema name;
    v_table name;
BEGIN
    SELECT n.nspname, c.relname INTO STRICT v_schema, v_table
    FROM pg_class AS c
    INNER JOIN pg_namespace AS n ON c.relnamespace = n.oid
    WHERE c.oid = p_table AND pg_has_role(v_caller, c.relowner, 'USAGE');

    DELETE FROM tenancy.protected_table WHERE schema_name = v_schema AND table_name = v_table;
    DELETE FROM tenancy.access_matrix WHERE resource = v_schema || '.' || v_table;
EXCEPTION
    WHEN no_data_found THEN
        RAISE EXCEPTION 'only the owner of a table may unregister it' USING ERRCODE = 'TN002';
END;
$function$;

COMMENT ON FUNCTION tenancy.unregister_table(regclass) IS
'Take a table of the caller out of the registry. Idempotent. Raises TN002.';

ALTER FUNCTION tenancy.unregister_table(regclass) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy.unregister_table(regclass) FROM public;
GRANT EXECUTE ON FUNCTION tenancy.unregister_table(regclass)
TO tenancy_owner, tenancy_builder, pg_database_owner;

-- include: functions/tenancy/uuidv7.sql
-- tenancy.uuidv7(): a time-ordered id (RFC 9562, section 5.7).
--
-- Why ours:    PostgreSQL has one from 18 on; this is the same on 15 to 17. Never a sequence: a
--              sequence tells each tenant how busy the others are.
-- Tests:       tests/functions/tenancy/test_uuidv7.py

CREATE OR REPLACE FUNCTION tenancy.uuidv7()
RETURNS uuid
LANGUAGE sql
VOLATILE
PARALLEL SAFE
SECURITY INVOKER
BEGIN ATOMIC
    SELECT pg_catalog.encode(
        pg_catalog.set_byte(
            pg_catalog.overlay(
                pg_catalog.uuid_send(pg_catalog.gen_random_uuid()),
                pg_catalog.substring(
                    pg_catalog.int8send(
                        pg_catalog.floor(
                            1000 * extract(EPOCH FROM pg_catalog.clock_timestamp())
                        )::bigint
                    ),
                    3
                ),
                1,
                6
            ),
            6,
            112 + pg_catalog.floor(16 * pg_catalog.random())::integer
        ),
        'hex'
    )::uuid;
END;

COMMENT ON FUNCTION tenancy.uuidv7() IS
'A new time-ordered uuid, version 7: milliseconds, then random bits (RFC 9562, section 5.7).';

ALTER FUNCTION tenancy.uuidv7() OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy.uuidv7() FROM public;
GRANT EXECUTE ON FUNCTION tenancy.uuidv7()
TO tenancy_customer, tenancy_staff, tenancy_manager, tenancy_admin, tenancy_gateway,
tenancy_console, tenancy_operator, tenancy_owner, tenancy_auditor, tenancy_builder;

-- include: functions/tenancy_private/begin_maintenance.sql
-- tenancy_private.begin_maintenance(p_table): let the owner see all tenants, in this transaction.
--
-- Why:         under FORCE and without a context a foreign key checks nothing and says valid, and
--              a backfill touches no row. The exclusive lock keeps everybody else out meanwhile.
-- Ends:        with tenancy_private.end_maintenance(); a COMMIT without it fails (TN008).
-- Tests:       tests/functions/tenancy_private/test_begin_maintenance.py

CREATE OR REPLACE FUNCTION tenancy_private.begin_maintenance(p_table regclass)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SECURITY INVOKER
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    EXECUTE format('LOCK TABLE %s IN ACCESS EXCLUSIVE MODE', p_table);
    EXECUTE format('ALTER TABLE %s NO FORCE ROW LEVEL SECURITY', p_table);
    INSERT INTO tenancy_private.maintenance (relation) VALUES (p_table);
END;
$function$;

COMMENT ON FUNCTION tenancy_private.begin_maintenance(regclass) IS
'Lock a table of the caller and lift FORCE until tenancy_private.end_maintenance(). Raises TN008 at COMMIT otherwise.';

ALTER FUNCTION tenancy_private.begin_maintenance(regclass) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy_private.begin_maintenance(regclass) FROM public;
GRANT EXECUTE ON FUNCTION tenancy_private.begin_maintenance(regclass)
TO tenancy_owner;

-- include: functions/tenancy_private/context_in_force.sql
-- tenancy_private.context_in_force(): the signed context, if its role is the one in force.
--
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
    ) THEN
        RETURN NULL;
    END IF;

    RETURN v_body;
END;
$function$;

COMMENT ON FUNCTION tenancy_private.context_in_force() IS
'The signed context when its role is in force, else NULL.';

ALTER FUNCTION tenancy_private.context_in_force() OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy_private.context_in_force() FROM public;

-- include: functions/tenancy_private/context_mac.sql
-- tenancy_private.context_mac(p_kid, p_body): sign a context for this transaction.
--
-- Why sha256:  two built-in hashes with precomputed pads are HMAC (RFC 2104); no pgcrypto needed.
-- Tests:       tests/functions/tenancy/test_enter.py

CREATE OR REPLACE FUNCTION tenancy_private.context_mac(p_kid text, p_body text)
RETURNS text
LANGUAGE plpgsql
STABLE
PARALLEL RESTRICTED
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_mac text;
BEGIN
    SELECT encode(
        sha256(k.opad || sha256(
            k.ipad || convert_to(p_body, 'UTF8') || tenancy_private.transaction_tag()
        )), 'hex'
    ) INTO v_mac
    FROM tenancy_private.context_key AS k
    WHERE k.kid = p_kid;

    RETURN v_mac;
END;
$function$;

COMMENT ON FUNCTION tenancy_private.context_mac(text, text) IS
'HMAC-SHA-256 of p_body and this transaction under key p_kid, 64 hex digits; NULL without such a key.';

ALTER FUNCTION tenancy_private.context_mac(text, text) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy_private.context_mac(text, text) FROM public;

-- include: functions/tenancy_private/decode_base64url.sql
-- tenancy_private.decode_base64url(p_text): RFC 4648, section 5, without padding.
--
-- Raises:      22023 text that is not base64url.
-- Tests:       tests/functions/tenancy/test_enter_jwt.py

CREATE OR REPLACE FUNCTION tenancy_private.decode_base64url(p_text text)
RETURNS bytea
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
SECURITY INVOKER
BEGIN ATOMIC
    SELECT pg_catalog.decode(
        pg_catalog.translate(p_text, '-_', '+/')
        || pg_catalog.repeat('=', (4 - pg_catalog.length(p_text) % 4) % 4),
        'base64'
    );
END;

COMMENT ON FUNCTION tenancy_private.decode_base64url(text) IS
'Bytes of unpadded base64url text (RFC 4648, section 5).';

ALTER FUNCTION tenancy_private.decode_base64url(text) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy_private.decode_base64url(text) FROM public;

-- include: functions/tenancy_private/end_maintenance.sql
-- tenancy_private.end_maintenance(p_table): put FORCE row security back.
--
-- Tests:       tests/functions/tenancy_private/test_begin_maintenance.py

CREATE OR REPLACE FUNCTION tenancy_private.end_maintenance(p_table regclass)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SECURITY INVOKER
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    EXECUTE format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', p_table);
    DELETE FROM tenancy_private.maintenance WHERE relation = p_table;
END;
$function$;

COMMENT ON FUNCTION tenancy_private.end_maintenance(regclass) IS
'End what tenancy_private.begin_maintenance() began.';

ALTER FUNCTION tenancy_private.end_maintenance(regclass) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy_private.end_maintenance(regclass) FROM public;
GRANT EXECUTE ON FUNCTION tenancy_private.end_maintenance(regclass)
TO tenancy_owner;

-- include: functions/tenancy_private/find_tenant.sql
-- tenancy_private.find_tenant(p_name): a tenant by slug or id, whatever its status.
--
-- Exact:       no trimming and no case folding; slugs are ASCII, so look-alikes match nothing.
-- Tests:       tests/functions/tenancy/test_set_tenant_context.py

CREATE OR REPLACE FUNCTION tenancy_private.find_tenant(p_name text)
RETURNS uuid
LANGUAGE plpgsql
STABLE
PARALLEL RESTRICTED
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    RETURN (
        SELECT t.id
        FROM tenancy_private.tenant AS t
        WHERE t.slug = p_name OR t.id::text = lower(p_name)
        LIMIT 1
    );
END;
$function$;

COMMENT ON FUNCTION tenancy_private.find_tenant(text) IS
'Id of the tenant with this slug or id; NULL when there is none.';

ALTER FUNCTION tenancy_private.find_tenant(text) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy_private.find_tenant(text) FROM public;

-- include: functions/tenancy_private/hmac_pads.sql
-- tenancy_private.hmac_pads(p_secret): the two pads of HMAC, computed once per key.
--
-- Tests:       tests/functions/tenancy/test_enter_jwt.py

CREATE OR REPLACE FUNCTION tenancy_private.hmac_pads(p_secret bytea, OUT ipad bytea, OUT opad bytea)
RETURNS record
LANGUAGE plpgsql
IMMUTABLE
SECURITY INVOKER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_key bytea := CASE
        WHEN octet_length(p_secret) > 64 THEN sha256(p_secret)
        ELSE p_secret
    END;
BEGIN
    v_key := v_key || decode(repeat('00', 64 - octet_length(v_key)), 'hex');
    ipad := v_key;
    opad := v_key;
    FOR i IN 0..63 LOOP
        ipad := set_byte(ipad, i, get_byte(v_key, i) # 54);
        opad := set_byte(opad, i, get_byte(v_key, i) # 92);
    END LOOP;
END;
$function$;

COMMENT ON FUNCTION tenancy_private.hmac_pads(bytea) IS
'Inner and outer pad of HMAC-SHA-256 for a secret of any length (RFC 2104, section 2).';

ALTER FUNCTION tenancy_private.hmac_pads(bytea) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy_private.hmac_pads(bytea) FROM public;

-- include: functions/tenancy_private/identify_api_key.sql
-- tenancy_private.identify_api_key(p_credential): whom a pk_… or sk_… key stands for.
--
-- Tests:       tests/functions/tenancy/test_enter.py

CREATE OR REPLACE FUNCTION tenancy_private.identify_api_key(p_credential text)
RETURNS tenancy_private.identity
LANGUAGE plpgsql
STABLE
PARALLEL RESTRICTED
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_identity tenancy_private.identity;
BEGIN
    SELECT
        k.tenant_id,
        CASE k.kind WHEN 'secret' THEN coalesce(k.actor_id, k.id) END,
        k.role
    INTO v_identity
    FROM tenancy_private.api_key AS k
    WHERE k.digest = sha256(convert_to(p_credential, 'UTF8'))
      AND k.revoked_at IS NULL
      AND k.expires_at > clock_timestamp();

    RETURN v_identity;
END;
$function$;

COMMENT ON FUNCTION tenancy_private.identify_api_key(text) IS
'Identity of a valid API key; all NULL for any other text.';

ALTER FUNCTION tenancy_private.identify_api_key(text) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy_private.identify_api_key(text) FROM public;

-- include: functions/tenancy_private/identify_jwt.sql
-- tenancy_private.identify_jwt(p_credential, p_request): the member a JWT stands for.
--
-- Which tenant: the token's claim, else the one the request names, else the user's only one.
-- Which role:  the membership decides; the token may lower it, never raise it.
-- Tests:       tests/functions/tenancy/test_enter_jwt.py

CREATE OR REPLACE FUNCTION tenancy_private.identify_jwt(p_credential text, p_request jsonb)
RETURNS tenancy_private.identity
LANGUAGE plpgsql
STABLE
PARALLEL RESTRICTED
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_claims jsonb := tenancy_private.verify_jwt(p_credential);
    v_name text := coalesce(v_claims ->> 'tenant', p_request ->> 'tenant', p_request ->> 'location');
    v_identity tenancy_private.identity;
BEGIN
    SELECT m.tenant_id, m.user_id, r.role
    INTO STRICT v_identity
    FROM tenancy_private.member AS m
    INNER JOIN tenancy.tenant_role AS own ON m.role = own.role
    INNER JOIN tenancy.tenant_role AS r ON coalesce(v_claims ->> 'role', m.role) = r.role
    WHERE m.user_id::text = lower(v_claims ->> 'sub')
      AND r.rank <= own.rank
      AND (v_name IS NULL OR m.tenant_id = tenancy_private.find_tenant(v_name));

    RETURN v_identity;
EXCEPTION
    WHEN no_data_found OR too_many_rows THEN
        RETURN NULL;
END;
$function$;

COMMENT ON FUNCTION tenancy_private.identify_jwt(text, jsonb) IS
'Identity of the member a valid JWT names; all NULL when it names none, or several without a choice.';

ALTER FUNCTION tenancy_private.identify_jwt(text, jsonb) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy_private.identify_jwt(text, jsonb) FROM public;

-- include: functions/tenancy_private/identify_ticket.sql
-- tenancy_private.identify_ticket(p_credential): the administrator behind an access ticket.
--
-- Later:       a ticket works only when the transaction that opened it has committed, so that a
--              ROLLBACK cannot erase the evidence of what it was used for.
-- Tests:       tests/functions/tenancy/test_open_admin_session.py

CREATE OR REPLACE FUNCTION tenancy_private.identify_ticket(p_credential text)
RETURNS tenancy_private.identity
LANGUAGE plpgsql
STABLE
PARALLEL RESTRICTED
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_identity tenancy_private.identity;
BEGIN
    SELECT t.tenant_id, t.id, 'admin'
    INTO v_identity
    FROM tenancy_private.access_ticket AS t
    WHERE t.digest = sha256(convert_to(p_credential, 'UTF8'))
      AND t.closed_at IS NULL
      AND t.expires_at > clock_timestamp()
      AND t.opened_in IS DISTINCT FROM pg_current_xact_id_if_assigned();

    RETURN v_identity;
END;
$function$;

COMMENT ON FUNCTION tenancy_private.identify_ticket(text) IS
'Identity of an open access ticket of an earlier transaction; all NULL for any other text.';

ALTER FUNCTION tenancy_private.identify_ticket(text) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy_private.identify_ticket(text) FROM public;

-- include: functions/tenancy_private/may_administer.sql
-- tenancy_private.may_administer(p_tenant_id): may the caller manage members and keys there?
--
-- Who:         a manager or admin inside that tenant; tenancy_admin outside any tenant (setup).
-- Tests:       tests/functions/tenancy/test_members_and_keys.py

CREATE OR REPLACE FUNCTION tenancy_private.may_administer(p_tenant_id uuid)
RETURNS boolean
LANGUAGE plpgsql
STABLE
PARALLEL RESTRICTED
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    RETURN coalesce(
        CASE
            WHEN tenancy.tenant_id() IS NULL THEN current_setting('role') = 'tenancy_admin'
            ELSE tenancy.tenant_id() = p_tenant_id
                AND tenancy.actor_role() IN ('manager', 'admin')
        END,
        false
    );
END;
$function$;

COMMENT ON FUNCTION tenancy_private.may_administer(uuid) IS
'True for a manager or admin inside the tenant, and for tenancy_admin outside any.';

ALTER FUNCTION tenancy_private.may_administer(uuid) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy_private.may_administer(uuid) FROM public;

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
DECLARE
    v_host text := lower(split_part(p_request ->> 'host', ':', 1));
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
          AND (v_host IS NULL OR NOT EXISTS (
              SELECT
              FROM tenancy_private.tenant AS other
              WHERE other.id <> t.id
                AND (other.custom_domain = v_host
                    OR other.slug || '.' || n.platform_domain = v_host)
          ))
    );
END;
$function$;

COMMENT ON FUNCTION tenancy_private.may_enter(uuid, jsonb) IS
'True when the tenant exists, its status and region admit it here, and no hint disagrees.';

ALTER FUNCTION tenancy_private.may_enter(uuid, jsonb) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy_private.may_enter(uuid, jsonb) FROM public;

-- include: functions/tenancy_private/random_secret.sql
-- tenancy_private.random_secret(p_prefix): a credential nobody can guess.
--
-- Why uuids:   gen_random_uuid() is the built-in strong random source: 2 x 122 bits, hashed.
-- Tests:       tests/functions/tenancy/test_members_and_keys.py

CREATE OR REPLACE FUNCTION tenancy_private.random_secret(p_prefix text)
RETURNS text
LANGUAGE sql
VOLATILE
PARALLEL SAFE
SECURITY INVOKER
BEGIN ATOMIC
    SELECT p_prefix || pg_catalog.rtrim(
        pg_catalog.translate(
            pg_catalog.encode(
                pg_catalog.sha256(
                    pg_catalog.uuid_send(pg_catalog.gen_random_uuid())
                    || pg_catalog.uuid_send(pg_catalog.gen_random_uuid())
                ),
                'base64'
            ),
            '+/', '-_'
        ),
        '='
    );
END;

COMMENT ON FUNCTION tenancy_private.random_secret(text) IS
'p_prefix and 43 characters of base64url (RFC 4648, section 5), 244 random bits.';

ALTER FUNCTION tenancy_private.random_secret(text) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy_private.random_secret(text) FROM public;

-- include: functions/tenancy_private/request_credential.sql
-- tenancy_private.request_credential(): the raw credential of a PostgREST request, or NULL.
--
-- Raw:         request.jwt.claims is a setting like any other and proves nothing; the token does.
-- Tests:       tests/functions/tenancy/test_set_tenant_context.py

CREATE OR REPLACE FUNCTION tenancy_private.request_credential()
RETURNS text
LANGUAGE plpgsql
STABLE
SECURITY INVOKER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_headers jsonb;
BEGIN
    v_headers := nullif(current_setting('request.headers', true), '')::jsonb;
    RETURN coalesce(
        substring(v_headers ->> 'authorization' FROM '^[Bb]earer +(.+)$'), v_headers ->> 'apikey'
    );
EXCEPTION
    WHEN data_exception THEN
        RETURN NULL;
END;
$function$;

COMMENT ON FUNCTION tenancy_private.request_credential() IS
'The bearer token or apikey header of request.headers; NULL when there is none.';

ALTER FUNCTION tenancy_private.request_credential() OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy_private.request_credential() FROM public;

-- include: functions/tenancy_private/sign_context.sql
-- tenancy_private.sign_context(…): bind this transaction to one tenant, actor and role.
--
-- Once:        the same again is a no-op; anything else would let an open cursor or a deferred
--              trigger straddle two tenants.
-- Why EXECUTE: a SET LOCAL statement reaches the workers of a Citus cluster, set_config() does not.
-- Raises:      TN003 another context was entered in this transaction.
-- Tests:       tests/functions/tenancy/test_enter.py

CREATE OR REPLACE FUNCTION tenancy_private.sign_context(
    p_tenant_id uuid,
    p_actor_id uuid,
    p_role text,
    p_request jsonb
)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_before text := tenancy_private.verified_context();
    v_body text;
BEGIN
    SELECT k.kid
        || replace(p_tenant_id::text, '-', '')
        || coalesce(replace(p_actor_id::text, '-', ''), repeat('0', 32))
        || r.code
        || left(t.placement, 1)
        || encode(sha256(convert_to(p_request::text, 'UTF8')), 'hex')
    INTO STRICT v_body
    FROM tenancy_private.context_key AS k
    CROSS JOIN tenancy_private.tenant AS t
    CROSS JOIN tenancy.tenant_role AS r
    WHERE k.is_current AND t.id = p_tenant_id AND r.role = p_role;

    IF v_before IS NOT NULL THEN
        IF substr(v_before, 5, 64) <> substr(v_body, 5, 64)
            OR substr(v_before, 69, 1) NOT IN (substr(v_body, 69, 1), '-')
        THEN
            RAISE EXCEPTION 'this transaction already has another context' USING
                ERRCODE = 'TN003',
                HINT = 'One tenant, actor and role per transaction: commit first.';
        ELSIF substr(v_before, 69, 1) <> '-' THEN
            RETURN;
        END IF;
    END IF;

    EXECUTE format('SET LOCAL tenancy.request = %L', p_request);
    EXECUTE format(
        'SET LOCAL tenancy.context = %L',
        v_body || tenancy_private.context_mac(left(v_body, 4), v_body)
    );
END;
$function$;

COMMENT ON FUNCTION tenancy_private.sign_context(uuid, uuid, text, jsonb) IS
'Sign and set the context of this transaction. Raises TN003 when it has another one.';

ALTER FUNCTION tenancy_private.sign_context(uuid, uuid, text, jsonb) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy_private.sign_context(uuid, uuid, text, jsonb) FROM public;

-- include: functions/tenancy_private/tg_end_of_maintenance.sql
-- tenancy_private.tg_end_of_maintenance(): no COMMIT while FORCE is off.
--
-- Raises:      TN008 maintenance was begun and not ended.
-- Tests:       tests/functions/tenancy_private/test_begin_maintenance.py

CREATE OR REPLACE FUNCTION tenancy_private.tg_end_of_maintenance()
RETURNS trigger
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    IF EXISTS (
        SELECT FROM tenancy_private.maintenance AS m WHERE m.relation = new.relation
    ) THEN
        RAISE EXCEPTION 'maintenance of % was not ended', new.relation USING
            ERRCODE = 'TN008', HINT = 'Call tenancy_private.end_maintenance() before COMMIT.';
    END IF;

    RETURN NULL;
END;
$function$;

COMMENT ON FUNCTION tenancy_private.tg_end_of_maintenance() IS
'Deferred trigger: refuse a COMMIT in the middle of maintenance. Raises TN008.';

ALTER FUNCTION tenancy_private.tg_end_of_maintenance() OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy_private.tg_end_of_maintenance() FROM public;

-- include: functions/tenancy_private/transaction_tag.sql
-- tenancy_private.transaction_tag(): what a signed context is bound to.
--
-- Why here:    the one place that changes on Citus, where a worker has another pid and clock.
-- Parallel:    restricted, because a parallel worker has another pid and would verify nothing.
-- Tests:       tests/functions/tenancy/test_enter.py

CREATE OR REPLACE FUNCTION tenancy_private.transaction_tag()
RETURNS bytea
LANGUAGE sql
STABLE
PARALLEL RESTRICTED
SECURITY INVOKER
BEGIN ATOMIC
    SELECT pg_catalog.int4send(pg_catalog.pg_backend_pid())
        || pg_catalog.timestamptz_send(pg_catalog.transaction_timestamp());
END;

COMMENT ON FUNCTION tenancy_private.transaction_tag() IS
'This backend and this transaction, in binary: 12 bytes, independent of any setting.';

ALTER FUNCTION tenancy_private.transaction_tag() OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy_private.transaction_tag() FROM public;

-- include: functions/tenancy_private/verified_context.sql
-- tenancy_private.verified_context(): the signed context in force, or NULL.
--
-- Never raises: length first, and nothing is cast before the signature is right.
-- Constant time: digests of the signatures are compared, not the signatures.
-- Layout:      kid 4, tenant 32, actor 32, role 1, placement 1, request digest 64, mac 64.
-- Tests:       tests/functions/tenancy/test_context.py

CREATE OR REPLACE FUNCTION tenancy_private.verified_context()
RETURNS text
LANGUAGE plpgsql
STABLE
PARALLEL RESTRICTED
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_token text := current_setting('tenancy.context', true);
    v_body text;
    v_mac text;
BEGIN
    IF octet_length(v_token) IS DISTINCT FROM 198 THEN
        RETURN NULL;
    END IF;

    v_body := left(v_token, 134);
    v_mac := tenancy_private.context_mac(left(v_body, 4), v_body);

    IF v_mac IS NULL
        OR sha256(convert_to(v_mac, 'UTF8')) <> sha256(convert_to(substr(v_token, 135), 'UTF8'))
    THEN
        RETURN NULL;
    END IF;

    RETURN v_body;
END;
$function$;

COMMENT ON FUNCTION tenancy_private.verified_context() IS
'The 134 signed characters of this transaction''s context when the signature is right, else NULL.';

ALTER FUNCTION tenancy_private.verified_context() OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy_private.verified_context() FROM public;

-- include: functions/tenancy_private/verify_jwt.sql
-- tenancy_private.verify_jwt(p_token): the claims of a valid JWT, or NULL.
--
-- Order:       the signature first. Header and claims are parsed only when one of our issuers
--              signed them, so nothing untrusted reaches a parser, and alg can confuse nobody.
-- Never raises: an issuer that signs garbage is refused like a stranger.
-- Source:      RFC 7515, section 5.2; RFC 7519, section 4.1; RFC 8725, sections 3.1 and 3.2.
-- Tests:       tests/functions/tenancy/test_enter_jwt.py

CREATE OR REPLACE FUNCTION tenancy_private.verify_jwt(p_token text)
RETURNS jsonb
LANGUAGE plpgsql
STABLE
PARALLEL RESTRICTED
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_part text[] := string_to_array(p_token, '.');
    v_now numeric := extract(EPOCH FROM clock_timestamp());
    v_issuer record;
    v_claims jsonb;
BEGIN
    IF octet_length(p_token) > 8192 OR cardinality(v_part) IS DISTINCT FROM 3 THEN
        RETURN NULL;
    END IF;

    SELECT i.issuer, i.audience, i.tenant_claim, i.role_claim INTO v_issuer
    FROM tenancy_private.jwt_issuer AS i
    WHERE i.revoked_at IS NULL
      AND sha256(convert_to(v_part[3], 'UTF8')) = sha256(convert_to(rtrim(translate(encode(
          sha256(i.opad || sha256(i.ipad || convert_to(v_part[1] || '.' || v_part[2], 'UTF8'))),
          'base64'
      ), '+/', '-_'), '='), 'UTF8'));
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;

    v_claims := convert_from(tenancy_private.decode_base64url(v_part[2]), 'UTF8')::jsonb;
    IF convert_from(tenancy_private.decode_base64url(v_part[1]), 'UTF8')::jsonb ->> 'alg' = 'HS256'
        AND v_claims ->> 'iss' = v_issuer.issuer
        AND (v_claims -> 'aud') @> to_jsonb(v_issuer.audience)
        AND (v_claims ->> 'exp')::numeric > v_now
        AND coalesce((v_claims ->> 'nbf')::numeric, 0) <= v_now
    THEN
        RETURN jsonb_build_object(
            'sub', v_claims -> 'sub',
            'tenant', v_claims -> v_issuer.tenant_claim,
            'role', v_claims -> v_issuer.role_claim
        );
    END IF;

    RETURN NULL;
EXCEPTION
    WHEN data_exception OR cardinality_violation THEN
        RETURN NULL;
END;
$function$;

COMMENT ON FUNCTION tenancy_private.verify_jwt(text) IS
'sub, tenant and role of an HS256 token of one of our issuers, valid now; else NULL.';

ALTER FUNCTION tenancy_private.verify_jwt(text) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy_private.verify_jwt(text) FROM public;

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
