-- include: sql/database.sql
-- Who may connect to this database. PUBLIC loses CONNECT and TEMPORARY: a temporary table, view or
-- domain of one client would be found first by the next one on a pooled connection.
-- Run it again on a copy: CREATE DATABASE … TEMPLATE does not copy these rights.

DO $database$
BEGIN
    EXECUTE pg_catalog.format(
        'REVOKE ALL ON DATABASE %I FROM PUBLIC', pg_catalog.current_database()
    );
    EXECUTE pg_catalog.format(
        'GRANT CONNECT ON DATABASE %I TO tenancy_gateway, tenancy_console, tenancy_operator',
        pg_catalog.current_database()
    );
END;
$database$;

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

-- drop: functions/app/drop_schema.sql
DROP FUNCTION app.drop_schema(uuid);

-- drop: functions/app/move_rows.sql
DROP FUNCTION app.move_rows(regclass, regclass);

-- drop: functions/app/sync_schema.sql
DROP FUNCTION app.sync_schema(uuid, boolean);

-- drop: functions/tenancy/begin_backfill.sql
DROP FUNCTION tenancy.begin_backfill(text, text);

-- drop: functions/tenancy/claim_backfill.sql
DROP FUNCTION tenancy.claim_backfill(text, uuid);

-- drop: functions/tenancy/drop_tenant_schema.sql
DROP FUNCTION tenancy.drop_tenant_schema(uuid);

-- drop: functions/tenancy/fail_backfill.sql
DROP FUNCTION tenancy.fail_backfill(text, uuid, text, text);

-- drop: functions/tenancy/list_backfill.sql
DROP FUNCTION tenancy.list_backfill(text, text);

-- drop: functions/tenancy/list_schemas.sql
DROP FUNCTION tenancy.list_schemas(boolean);

-- drop: functions/tenancy/move_tenant.sql
DROP FUNCTION tenancy.move_tenant(uuid, text, interval);

-- drop: functions/tenancy/note_backfill.sql
DROP FUNCTION tenancy.note_backfill(text, bigint);

-- drop: functions/tenancy/own_schema.sql
DROP FUNCTION tenancy.own_schema();

-- drop: functions/tenancy/provision_tenant_schema.sql
DROP FUNCTION tenancy.provision_tenant_schema(text);

-- drop: functions/tenancy/retry_backfill.sql
DROP FUNCTION tenancy.retry_backfill(text, uuid);

-- drop: functions/tenancy/schema_drift.sql
DROP FUNCTION tenancy.schema_drift(uuid);

-- drop: functions/tenancy/sync_tenant_schema.sql
DROP FUNCTION tenancy.sync_tenant_schema(uuid, boolean, boolean);

-- clear: sql/triggers/app/analytics.sql
DROP TRIGGER _010_refuse_misplaced ON app.analytics;

-- clear: sql/triggers/app/bookings.sql
DROP TRIGGER _010_refuse_misplaced ON app.bookings;

-- clear: sql/triggers/app/customers.sql
DROP TRIGGER _010_refuse_misplaced ON app.customers;

-- clear: sql/triggers/app/guests.sql
DROP TRIGGER _010_refuse_misplaced ON app.guests;

-- clear: sql/triggers/app/orders.sql
DROP TRIGGER _010_refuse_misplaced ON app.orders;

-- clear: sql/triggers/app/patients.sql
DROP TRIGGER _010_refuse_misplaced ON app.patients;

-- clear: sql/triggers/app/pin_comments.sql
DROP TRIGGER _010_refuse_misplaced ON app.pin_comments;

-- clear: sql/triggers/app/pins.sql
DROP TRIGGER _010_refuse_misplaced ON app.pins;

-- clear: sql/triggers/app/reservations.sql
DROP TRIGGER _010_refuse_misplaced ON app.reservations;

-- clear: sql/triggers/app/settings.sql
DROP TRIGGER _010_refuse_misplaced ON app.settings;

-- clear: sql/triggers/app/storage_buckets.sql
DROP TRIGGER _010_refuse_misplaced ON app.storage_buckets;

-- clear: sql/triggers/app/storage_objects.sql
DROP TRIGGER _010_refuse_misplaced ON app.storage_objects;

-- clear: sql/triggers/app/survey_responses.sql
DROP TRIGGER _010_refuse_misplaced ON app.survey_responses;

-- drop: functions/tenancy/tg_refuse_misplaced.sql
DROP FUNCTION tenancy.tg_refuse_misplaced();

-- drop: functions/tenancy/use_own_schema.sql
DROP FUNCTION tenancy.use_own_schema();

-- drop: functions/tenancy_private/home_schema.sql
DROP FUNCTION tenancy_private.home_schema(name);

-- drop: functions/tenancy_private/backfill_function.sql
DROP FUNCTION tenancy_private.backfill_function(text);

-- drop: functions/tenancy_private/backfill_obstacle.sql
DROP FUNCTION tenancy_private.backfill_obstacle(uuid);

-- drop: functions/tenancy_private/begin_move.sql
DROP FUNCTION tenancy_private.begin_move(uuid, text);

-- drop: functions/tenancy_private/claimed_tenant.sql
DROP FUNCTION tenancy_private.claimed_tenant();

-- drop: functions/tenancy_private/cloned_table.sql
DROP FUNCTION tenancy_private.cloned_table(name);

-- drop: functions/tenancy_private/structure_of_columns.sql
DROP FUNCTION tenancy_private.structure_of_columns(name);

-- drop: functions/tenancy_private/structure_of_comments.sql
DROP FUNCTION tenancy_private.structure_of_comments(name);

-- drop: functions/tenancy_private/structure_of_grants.sql
DROP FUNCTION tenancy_private.structure_of_grants(name);

-- drop: functions/tenancy_private/structure_of_keys.sql
DROP FUNCTION tenancy_private.structure_of_keys(name);

-- drop: functions/tenancy_private/structure_of_rules.sql
DROP FUNCTION tenancy_private.structure_of_rules(name);

-- drop: functions/tenancy_private/structure_of.sql
DROP FUNCTION tenancy_private.structure_of(name);

-- drop: functions/tenancy_private/drift_of.sql
DROP FUNCTION tenancy_private.drift_of(name);

-- drop: functions/tenancy_private/rehomed.sql
DROP FUNCTION tenancy_private.rehomed(text, name);

-- drop: functions/tenancy_private/structure_kind.sql
DROP FUNCTION tenancy_private.structure_kind();

-- drop: functions/tenancy_private/drift_ddl.sql
DROP FUNCTION tenancy_private.drift_ddl(name, boolean);

-- drop: functions/tenancy_private/forget_context.sql
DROP FUNCTION tenancy_private.forget_context();

-- drop: functions/tenancy_private/function_digest.sql
DROP FUNCTION tenancy_private.function_digest(regprocedure);

-- drop: functions/tenancy_private/move_tables.sql
DROP FUNCTION tenancy_private.move_tables(uuid, text);

-- drop: functions/tenancy_private/own_schema_of.sql
DROP FUNCTION tenancy_private.own_schema_of(uuid);

-- drop: functions/tenancy_private/relation_for.sql
DROP FUNCTION tenancy_private.relation_for(regclass);

-- drop: functions/tenancy_private/require_operator.sql
DROP FUNCTION tenancy_private.require_operator();

-- clear: functions/tenancy_private/require_platform.sql
DROP FUNCTION tenancy_private.require_platform(text[]);

-- drop: functions/tenancy_private/schema_stamp.sql
DROP FUNCTION tenancy_private.schema_stamp(name);

-- drop: functions/tenancy_private/wait_for_others.sql
DROP FUNCTION tenancy_private.wait_for_others(interval);

-- drop: sql/views/tenancy/registered_table.sql
DROP VIEW tenancy.registered_table;

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

-- include: functions/app/make_defaults.sql
-- app.make_defaults(): settings and private bucket of the tenant in context, where missing.
--
-- Why definer: the kernel has no rights on the tables; the owner has, and only inside the tenant.
-- Tests:       tests/functions/tenancy/test_create_tenant.py

CREATE OR REPLACE FUNCTION app.make_defaults()
RETURNS void
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    INSERT INTO app.settings (tenant_id, branding, notifications)
    VALUES (
        (SELECT tenancy.tenant_id()),
        '{"primary_color": "#667eea", "logo_url": null}',
        '{"email_enabled": true, "sms_enabled": false}'
    )
    ON CONFLICT (tenant_id) DO NOTHING;

    INSERT INTO app.storage_buckets (tenant_id, name, is_public, max_object_bytes)
    VALUES ((SELECT tenancy.tenant_id()), 'uploads', false, 52428800)
    ON CONFLICT (tenant_id, name) DO NOTHING;
END;
$function$;

COMMENT ON FUNCTION app.make_defaults() IS
'Insert the default settings, and a private bucket for files of at most 50 MB, of the current tenant.';

ALTER FUNCTION app.make_defaults() OWNER TO tenancy_owner;
REVOKE ALL ON FUNCTION app.make_defaults() FROM public;
GRANT EXECUTE ON FUNCTION app.make_defaults()
TO tenancy_kernel;

-- include: functions/app/orders_between.sql
-- app.orders_between(p_tenant_id, p_from, p_until): count what tenancy_private.usage_month holds.
--
-- Why definer: the kernel reads no row behind a wall; this owner does, inside the tenant.
-- Tests:       tests/functions/tenancy/test_limits.py

CREATE OR REPLACE FUNCTION app.orders_between(
    p_tenant_id uuid,
    p_from timestamptz,
    p_until timestamptz
)
RETURNS bigint
LANGUAGE plpgsql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    RETURN (
        SELECT count(*)
        FROM app.orders AS o
        WHERE o.tenant_id = p_tenant_id AND o.created_at >= p_from AND o.created_at < p_until
    );
END;
$function$;

COMMENT ON FUNCTION app.orders_between(uuid, timestamptz, timestamptz) IS
'Orders made between two times in the tenant that was entered.';

ALTER FUNCTION app.orders_between(uuid, timestamptz, timestamptz) OWNER TO tenancy_owner;
REVOKE ALL ON FUNCTION app.orders_between(uuid, timestamptz, timestamptz) FROM public;
GRANT EXECUTE ON FUNCTION app.orders_between(uuid, timestamptz, timestamptz)
TO tenancy_kernel;

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
    IF tenancy.is_lifecycle_job() THEN
        RETURN NULL;
    END IF;

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

-- include: functions/app/usage_of.sql
-- app.usage_of(p_tenant_id): count what tenancy_private.usage_counter holds.
--
-- Why definer: the kernel reads no row behind a wall; this owner does, inside the tenant.
-- Tests:       tests/functions/tenancy/test_limits.py

CREATE OR REPLACE FUNCTION app.usage_of(
    p_tenant_id uuid,
    OUT pins bigint,
    OUT storage_bytes numeric
)
RETURNS record
LANGUAGE plpgsql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    SELECT count(*) INTO pins FROM app.pins AS p WHERE p.tenant_id = p_tenant_id;
    SELECT coalesce(sum(o.size_bytes), 0) INTO storage_bytes
    FROM app.storage_objects AS o
    WHERE o.tenant_id = p_tenant_id;
END;
$function$;

COMMENT ON FUNCTION app.usage_of(uuid) IS
'Pins and bytes of the tenant that was entered.';

ALTER FUNCTION app.usage_of(uuid) OWNER TO tenancy_owner;
REVOKE ALL ON FUNCTION app.usage_of(uuid) FROM public;
GRANT EXECUTE ON FUNCTION app.usage_of(uuid)
TO tenancy_kernel;

-- include: functions/tenancy/archive_tables.sql
-- tenancy.archive_tables(): the tables of an archive, parents first.
--
-- sha256:      of names, types and NOT NULL of the columns: equal where an archive fits.
-- Raises:      TN025 a table is out of reach.
-- Tests:       tests/functions/tenancy/test_export.py

CREATE OR REPLACE FUNCTION tenancy.archive_tables()
RETURNS TABLE (
    relation regclass,
    schema_name name,
    table_name name,
    columns name[],
    sha256 text,
    is_recursive boolean
)
LANGUAGE plpgsql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    PERFORM tenancy_private.refuse_unreachable();
    RETURN QUERY
    SELECT
        o.relation, n.nspname, c.relname, array_agg(x.name ORDER BY a.attnum),
        encode(sha256(convert_to(string_agg(
            concat_ws(' ', x.name, format_type(a.atttypid, a.atttypmod), a.attnotnull), E'\n'
            ORDER BY x.name
        ), 'UTF8')), 'hex'),
        EXISTS (
            SELECT
            FROM pg_constraint AS k
            WHERE k.contype = 'f' AND o.relation = k.conrelid AND k.conrelid = k.confrelid
              AND NOT k.condeferrable
        )
    FROM tenancy.table_order(true) AS o
    INNER JOIN pg_class AS c ON o.relation = c.oid
    INNER JOIN pg_namespace AS n ON c.relnamespace = n.oid
    CROSS JOIN LATERAL tenancy_private.archive_columns(o.relation) AS x
    INNER JOIN pg_attribute AS a ON o.relation = a.attrelid AND x.name = a.attname
    WHERE o.kind = 'registered'
    GROUP BY o.relation, o.place, n.nspname, c.relname
    ORDER BY o.place DESC, o.relation::text;
END;
$function$;

COMMENT ON FUNCTION tenancy.archive_tables() IS
'Registered tables with their columns and a hash of these, in the order of an import. Raises TN025.';

ALTER FUNCTION tenancy.archive_tables() OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy.archive_tables() FROM public;
GRANT EXECUTE ON FUNCTION tenancy.archive_tables()
TO tenancy_operator;

-- include: functions/tenancy/begin_offboarding.sql
-- tenancy.begin_offboarding(p_tenant_id, p_reason, p_grace): order the deletion of a tenant.
--
-- Meanwhile:   managers may enter and read, to take their data along; set_tenant_status() to active
--              is the way back until the purge begins.
-- Again:       while offboarding, a new order replaces the reason and the end of grace.
-- Raises:      TN001 no such tenant. TN002 not the platform. TN004 no reason, or a grace period
--              that is not 0 to 365 days. TN020 not allowed.
-- Tests:       tests/functions/tenancy/test_begin_offboarding.py

CREATE OR REPLACE FUNCTION tenancy.begin_offboarding(
    p_tenant_id uuid,
    p_reason text,
    p_grace interval DEFAULT '30 days'
)
RETURNS timestamptz
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_ends_at timestamptz := clock_timestamp() + p_grace;
BEGIN
    IF tenancy_private.platform_role() IS NULL THEN
        RAISE EXCEPTION 'not permitted' USING
            ERRCODE = 'TN002',
            HINT = 'SET ROLE tenancy_admin or tenancy_operator outside any tenant.';
    ELSIF (p_grace BETWEEN interval '0' AND interval '365 days') IS NOT TRUE THEN
        RAISE EXCEPTION 'the grace period is 0 to 365 days' USING
            ERRCODE = 'TN004', HINT = 'For example interval ''30 days''.';
    END IF;

    PERFORM tenancy_private.change_status(p_tenant_id, 'offboarding', p_reason, 'procedure');
    INSERT INTO tenancy_private.offboarding AS o (tenant_id, reason, begun_by, grace_ends_at)
    VALUES (p_tenant_id, btrim(p_reason), session_user, v_ends_at)
    ON CONFLICT (tenant_id) DO UPDATE
    SET
        reason = excluded.reason,
        begun_by = excluded.begun_by,
        begun_at = excluded.begun_at,
        grace_ends_at = excluded.grace_ends_at;
    RETURN v_ends_at;
END;
$function$;

COMMENT ON FUNCTION tenancy.begin_offboarding(uuid, text, interval) IS
'Make a tenant read-only for its managers and return when its purge may begin. Raises TN001, TN002, TN004, TN020.';

ALTER FUNCTION tenancy.begin_offboarding(uuid, text, interval) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy.begin_offboarding(uuid, text, interval) FROM public;
GRANT EXECUTE ON FUNCTION tenancy.begin_offboarding(uuid, text, interval)
TO tenancy_admin, tenancy_operator;

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
-- Suspended:   jobs still run: retention and erasure do not wait for a bill to be paid. What each
--              status lets a job do stands in tenancy.tenant_status.
-- Raises:      TN001 no such tenant here. TN003 another context. TN004 no purpose.
-- Tests:       tests/functions/tenancy/test_enter_system.py

CREATE OR REPLACE FUNCTION tenancy.enter_system(p_tenant_id uuid, p_purpose text)
RETURNS uuid
LANGUAGE plpgsql
VOLATILE
SECURITY INVOKER
AS $function$
BEGIN
    IF tenancy.mint_system_context(p_tenant_id, p_purpose) THEN
        SET LOCAL ROLE tenancy_operator;
    ELSE
        SET LOCAL ROLE tenancy_operator;
        SET LOCAL transaction_read_only = on;
    END IF;
    RETURN p_tenant_id;
END;
$function$;

COMMENT ON FUNCTION tenancy.enter_system(uuid, text) IS
'Enter a tenant as tenancy_operator for one transaction and return its id. Raises TN001, TN003, TN004.';

ALTER FUNCTION tenancy.enter_system(uuid, text) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy.enter_system(uuid, text) FROM public;
GRANT EXECUTE ON FUNCTION tenancy.enter_system(uuid, text)
TO tenancy_operator;

-- include: functions/tenancy/finish_purge.sql
-- tenancy.finish_purge(): count again, and close the receipt.
--
-- Tombstone:   the record stays with id and slug, so that no other tenant gets its host name; name
--              and custom domain go.
-- Again:       a receipt that is closed stays as it is.
-- Raises:      TN002 no purge. TN021 rows are left.
-- Tests:       tests/functions/tenancy/test_purge.py

CREATE OR REPLACE FUNCTION tenancy.finish_purge()
RETURNS void
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_tenant_id uuid := tenancy_private.require_job('purge');
    v_left text;
BEGIN
    INSERT INTO tenancy_private.purge_receipt
    VALUES (
        v_tenant_id, 'tenancy_private.tenant', true, 1, 0, 1,
        'tombstone: id and slug, so that no other tenant gets the host name'
    );
    UPDATE tenancy_private.tenant SET name = 'purged', custom_domain = NULL
    WHERE id = v_tenant_id;
    UPDATE tenancy_private.offboarding SET purged_at = clock_timestamp()
    WHERE tenant_id = v_tenant_id;
    PERFORM tenancy_private.change_status(
        v_tenant_id, 'purged', 'every table was counted as empty', 'procedure'
    );

    PERFORM tenancy_private.open_receipt(v_tenant_id);
    UPDATE tenancy_private.purge_receipt AS r
    SET rows_after = coalesce(tenancy_private.count_rows(v_tenant_id, o.relation, o.kind), 0)
    FROM tenancy.table_order() AS o
    WHERE r.tenant_id = v_tenant_id AND r.resource = o.relation::text;

    SELECT string_agg(r.resource, ', ') INTO v_left
    FROM tenancy_private.purge_receipt AS r
    WHERE r.tenant_id = v_tenant_id AND NOT r.is_kept AND r.rows_after > 0;
    IF v_left IS NOT NULL THEN
        RAISE EXCEPTION 'rows are left in %', v_left USING
            ERRCODE = 'TN021', HINT = 'tenancy.purge_tenant_batch() until it returns 0.';
    END IF;
END;
$function$;

COMMENT ON FUNCTION tenancy.finish_purge() IS
'Prove that no row is left, and end the tenant. Raises TN002, TN021.';

ALTER FUNCTION tenancy.finish_purge() OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy.finish_purge() FROM public;
GRANT EXECUTE ON FUNCTION tenancy.finish_purge()
TO tenancy_operator;

-- include: functions/tenancy/import_tenant.sql
-- tenancy.import_tenant(p_tenant, p_slug): the tenant of an archive.
--
-- Clone:       with p_slug it is a new tenant: new id, no custom domain.
-- Status:      active, read_only and suspended stay; a tenant that was on its way somewhere else is
--              suspended, for an administrator to decide.
-- Raises:      TN002 not the platform. TN005 slug reserved, or resembles another. TN023 id, slug or
--              domain is taken here, by a purged tenant too. TN030 another region. 23514.
-- Tests:       tests/functions/tenancy/test_import.py

CREATE OR REPLACE FUNCTION tenancy.import_tenant(p_tenant jsonb, p_slug text)
RETURNS uuid
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_tenant tenancy_private.tenant := jsonb_populate_record(NULL::tenancy_private.tenant, p_tenant);
    v_why text := 'imported from an archive';
BEGIN
    IF tenancy_private.platform_role() IS NULL THEN
        RAISE EXCEPTION 'not permitted' USING
            ERRCODE = 'TN002', HINT = 'SET ROLE tenancy_operator outside any tenant.';
    ELSIF NOT EXISTS (
        SELECT FROM tenancy_private.node AS n WHERE v_tenant.region = n.region
    ) THEN
        RAISE EXCEPTION 'this cluster does not serve region %', v_tenant.region USING
            ERRCODE = 'TN030', HINT = 'Import it on a cluster of its region.';
    END IF;

    v_tenant.placement := 'shared';
    IF v_tenant.status NOT IN ('active', 'read_only', 'suspended') THEN
        v_tenant.status := 'suspended';
    END IF;
    IF p_slug IS NOT NULL THEN
        v_why := 'cloned from an archive of ' || v_tenant.id;
        v_tenant.id := tenancy.uuidv7();
        v_tenant.slug := p_slug;
        v_tenant.custom_domain := NULL;
        v_tenant.created_at := clock_timestamp();
    END IF;
    INSERT INTO tenancy_private.tenant SELECT v_tenant.*;
    PERFORM tenancy_private.claim_slug(v_tenant.slug, v_tenant.id);
    INSERT INTO tenancy_private.tenant_limit (tenant_id, name, value)
    SELECT v_tenant.id, l.key, l.value::bigint
    FROM jsonb_each_text(nullif(p_tenant -> 'limits', 'null')) AS l;
    INSERT INTO tenancy_private.tenant_feature (tenant_id, feature, value)
    SELECT v_tenant.id, f.key, f.value
    FROM jsonb_each(nullif(p_tenant -> 'features', 'null')) AS f;
    PERFORM tenancy_private.log_status(v_tenant.id, NULL, v_tenant.status, v_why);
    RETURN v_tenant.id;
EXCEPTION
    WHEN unique_violation THEN
        RAISE EXCEPTION 'id, slug or custom domain of the tenant is taken here' USING
            ERRCODE = 'TN023', HINT = 'Import it as a clone with a slug of its own.';
END;
$function$;

COMMENT ON FUNCTION tenancy.import_tenant(jsonb, text) IS
'Insert the tenant of an archive, or a clone of it, and return its id. Raises TN002, TN005, TN023, TN030, 23514.';

ALTER FUNCTION tenancy.import_tenant(jsonb, text) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy.import_tenant(jsonb, text) FROM public;
GRANT EXECUTE ON FUNCTION tenancy.import_tenant(jsonb, text)
TO tenancy_operator;

-- include: functions/tenancy/is_lifecycle_job.sql
-- tenancy.is_lifecycle_job(): is this an import or a purge?
--
-- For:         triggers that keep derived columns. An archive has them already, and a purge deletes
--              them: such a trigger returns at once.
-- Fast:        a tenant's own statement is answered by its role alone.
-- Tests:       tests/functions/tenancy/test_import.py

CREATE OR REPLACE FUNCTION tenancy.is_lifecycle_job()
RETURNS boolean
LANGUAGE plpgsql
STABLE
PARALLEL RESTRICTED
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    IF current_setting('role') <> 'tenancy_operator' THEN
        RETURN false;
    END IF;

    RETURN tenancy_private.context_in_force() IS NOT NULL
        AND substr(tenancy_private.context_in_force(), 72, 64) IN (
            encode(sha256(convert_to('{"purpose": "import"}', 'UTF8')), 'hex'),
            encode(sha256(convert_to('{"purpose": "purge"}', 'UTF8')), 'hex')
        );
END;
$function$;

COMMENT ON FUNCTION tenancy.is_lifecycle_job() IS
'True in a job that imports or purges a tenant: triggers that keep derived columns stand back.';

ALTER FUNCTION tenancy.is_lifecycle_job() OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy.is_lifecycle_job() FROM public;
GRANT EXECUTE ON FUNCTION tenancy.is_lifecycle_job()
TO tenancy_owner, tenancy_builder, pg_database_owner;

-- include: functions/tenancy/mint_system_context.sql
-- tenancy.mint_system_context(p_tenant_id, p_purpose): sign the context of a job.
--
-- Raises:      TN001 no such tenant here. TN003 another context. TN004 no purpose.
-- Tests:       tests/functions/tenancy/test_enter_system.py

CREATE OR REPLACE FUNCTION tenancy.mint_system_context(p_tenant_id uuid, p_purpose text)
RETURNS boolean
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_request jsonb := jsonb_build_object('purpose', p_purpose);
    v_jobs text;
BEGIN
    IF length(btrim(coalesce(p_purpose, ''))) NOT BETWEEN 3 AND 200 THEN
        RAISE EXCEPTION 'a job needs a purpose of 3 to 200 characters'
            USING ERRCODE = 'TN004', HINT = 'Name the job, for example retention.';
    END IF;

    SELECT s.jobs INTO v_jobs
    FROM tenancy_private.tenant AS t
    INNER JOIN tenancy.tenant_status AS s ON t.status = s.status
    INNER JOIN tenancy_private.node AS n ON t.region = n.region
    WHERE t.id = p_tenant_id AND s.jobs <> 'none';
    IF NOT FOUND THEN
        RAISE EXCEPTION 'resource not found' USING ERRCODE = 'TN001';
    END IF;

    PERFORM tenancy_private.sign_context(
        p_tenant_id, NULL, 'operator', v_request, v_jobs = 'write'
    );
    RETURN v_jobs = 'write';
END;
$function$;

COMMENT ON FUNCTION tenancy.mint_system_context(uuid, text) IS
'Sign the context of a job on one tenant and return whether it may write. Called by tenancy.enter_system(). Raises TN001, TN003, TN004.';

ALTER FUNCTION tenancy.mint_system_context(uuid, text) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy.mint_system_context(uuid, text) FROM public;
GRANT EXECUTE ON FUNCTION tenancy.mint_system_context(uuid, text)
TO tenancy_operator;

-- include: functions/tenancy/pre_request.sql
-- tenancy.pre_request(): PostgREST's db-pre-request: enter the tenant of the request's credential.
--
-- Trusts:      nothing that PostgREST decoded: request.jwt.claims is a setting like any other.
-- Read-only:   works in the READ ONLY transaction of a GET; it writes nothing.
-- Why invoker: a definer may not change the role. Without a SET clause every name is qualified.
-- Raises:      TN001 no access, whatever the reason: PostgREST answers 400 with one body.
-- Tests:       tests/functions/tenancy/test_pre_request.py, tests/clients/postgrest/

CREATE OR REPLACE FUNCTION tenancy.pre_request()
RETURNS void
LANGUAGE plpgsql
VOLATILE
SECURITY INVOKER
AS $function$
DECLARE
    v_context pg_catalog.record;
BEGIN
    SELECT m.database_role, m.may_write INTO v_context
    FROM tenancy.mint_request_context() AS m;

    EXECUTE pg_catalog.format('SET LOCAL ROLE %I', v_context.database_role);
    IF NOT v_context.may_write THEN
        SET LOCAL transaction_read_only = on;
    END IF;
END;
$function$;

COMMENT ON FUNCTION tenancy.pre_request() IS
'Enter the tenant of the bearer token or API key in request.headers. For db-pre-request of PostgREST. Raises TN001, TN003, PT429.';

ALTER FUNCTION tenancy.pre_request() OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy.pre_request() FROM public;
GRANT EXECUTE ON FUNCTION tenancy.pre_request()
TO tenancy_gateway;

-- include: functions/tenancy/table_order.sql
-- tenancy.table_order(p_deferred): every table that holds rows of tenants, children first.
--
-- Seam:        the one place that says where a tenant's rows are. All of them are in the shared
--              tables; tables of a schema of its own would be listed here.
-- Kind:        registered, kernel (ours), kept, or unreachable: a table with tenant_id that no job
--              may read. A restrictive policy of a team would hide rows, so it counts as that too.
-- Cycle:       tables that reference each other go in one statement. With p_deferred, foreign keys
--              that are checked at COMMIT do not count.
-- Tests:       tests/functions/tenancy/test_purge.py

CREATE OR REPLACE FUNCTION tenancy.table_order(p_deferred boolean DEFAULT false)
RETURNS TABLE (relation regclass, place integer, is_cycle boolean, kind text)
LANGUAGE plpgsql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_left regclass[] := ARRAY(SELECT t.relation FROM tenancy_private.tenant_table() AS t);
    v_free regclass[];
BEGIN
    place := 0;
    WHILE cardinality(v_left) > 0 LOOP
        place := place + 1;
        v_free := ARRAY(
            SELECT f.relation
            FROM unnest(v_left) AS f (relation)
            WHERE NOT EXISTS (
                SELECT
                FROM pg_constraint AS k
                WHERE k.contype = 'f' AND k.confrelid = f.relation
                  AND k.conrelid <> f.relation AND k.conrelid = ANY (v_left)
                  AND NOT (p_deferred AND k.condeferrable)
            )
        );
        is_cycle := cardinality(v_free) = 0;
        IF is_cycle THEN
            v_free := v_left;
        END IF;
        FOR relation, kind IN
            SELECT t.relation, t.kind
            FROM tenancy_private.tenant_table() AS t
            WHERE t.relation = ANY (v_free)
            ORDER BY t.relation::text
        LOOP
            RETURN NEXT;
        END LOOP;
        v_left := ARRAY(
            SELECT l.relation FROM unnest(v_left) AS l (relation) WHERE l.relation <> ALL (v_free)
        );
    END LOOP;
END;
$function$;

COMMENT ON FUNCTION tenancy.table_order(boolean) IS
'Tables with a tenant_id: what they are, and the order in which rows may be deleted.';

ALTER FUNCTION tenancy.table_order(boolean) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy.table_order(boolean) FROM public;
GRANT EXECUTE ON FUNCTION tenancy.table_order(boolean)
TO tenancy_operator, pg_database_owner;

-- include: functions/tenancy_private/archive_columns.sql
-- tenancy_private.archive_columns(p_table): what an archive has of a table.
--
-- Without:     generated columns, which the other side computes again.
-- Ids:         what a clone renames: uuids of the primary key, of foreign keys between registered
--              tables, and of the subject. An id that points out of the tenant stays.
-- Tests:       tests/functions/tenancy/test_import.py

CREATE OR REPLACE FUNCTION tenancy_private.archive_columns(p_table regclass)
RETURNS TABLE (name name, is_id boolean, is_key boolean)
LANGUAGE sql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    WITH linked AS (
        SELECT u.attnum, bool_and(p.table_name IS NOT NULL) AS is_inside
        FROM pg_constraint AS k
        INNER JOIN pg_class AS c
            ON c.oid = CASE WHEN k.conrelid = p_table THEN k.confrelid ELSE k.conrelid END
        INNER JOIN pg_namespace AS n ON c.relnamespace = n.oid
        LEFT JOIN tenancy.protected_table AS p
            ON n.nspname = p.schema_name AND c.relname = p.table_name
        CROSS JOIN LATERAL unnest(
            CASE WHEN k.conrelid = p_table THEN k.conkey END
            || CASE WHEN k.confrelid = p_table THEN k.confkey END
        ) AS u (attnum)
        WHERE k.contype = 'f' AND p_table IN (k.conrelid, k.confrelid)
        GROUP BY u.attnum
    ),

    keyed AS (
        SELECT u.attnum
        FROM pg_constraint AS k
        CROSS JOIN LATERAL unnest(k.conkey) AS u (attnum)
        WHERE k.contype = 'p' AND k.conrelid = p_table
    )

    SELECT
        a.attname,
        a.atttypid = 'uuid'::regtype AND a.attname <> 'tenant_id'
        AND coalesce(l.is_inside, k.attnum IS NOT NULL OR p.subject_column = a.attname, false),
        k.attnum IS NOT NULL
    FROM pg_attribute AS a
    INNER JOIN pg_class AS c ON a.attrelid = c.oid
    INNER JOIN pg_namespace AS n ON c.relnamespace = n.oid
    LEFT JOIN tenancy.protected_table AS p
        ON n.nspname = p.schema_name AND c.relname = p.table_name
    LEFT JOIN linked AS l ON a.attnum = l.attnum
    LEFT JOIN keyed AS k ON a.attnum = k.attnum
    WHERE a.attrelid = p_table AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
    ORDER BY a.attnum;
$function$;

COMMENT ON FUNCTION tenancy_private.archive_columns(regclass) IS
'Columns of a table in an archive, whether a clone renames them, and whether they are its key.';

ALTER FUNCTION tenancy_private.archive_columns(regclass) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy_private.archive_columns(regclass) FROM public;
GRANT EXECUTE ON FUNCTION tenancy_private.archive_columns(regclass)
TO tenancy_owner;

-- include: functions/tenancy_private/platform_role.sql
-- tenancy_private.platform_role(): who on the platform calls, or NULL.
--
-- Outside:     nobody is the platform while inside a tenant: a ticket for one tenant must not end
--              another.
-- Tests:       tests/functions/tenancy/test_set_tenant_status.py

CREATE OR REPLACE FUNCTION tenancy_private.platform_role()
RETURNS text
LANGUAGE plpgsql
STABLE
PARALLEL RESTRICTED
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    RETURN CASE
        WHEN tenancy_private.verified_context() IS NOT NULL THEN NULL
        WHEN current_setting('role') = 'tenancy_admin' THEN 'admin'
        WHEN current_setting('role') = 'tenancy_operator' THEN 'operator'
    END;
END;
$function$;

COMMENT ON FUNCTION tenancy_private.platform_role() IS
'admin or operator, for the role in force outside any tenant; else NULL.';

ALTER FUNCTION tenancy_private.platform_role() OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy_private.platform_role() FROM public;

-- include: functions/tenancy_private/require_platform.sql
-- tenancy_private.require_platform(): only the platform's console goes on, outside any tenant.
--
-- Raises:      TN002 not tenancy_admin outside any tenant.
-- Tests:       tests/functions/tenancy/test_create_tenant.py

CREATE OR REPLACE FUNCTION tenancy_private.require_platform()
RETURNS void
LANGUAGE plpgsql
STABLE
PARALLEL RESTRICTED
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    IF tenancy_private.platform_role() IS DISTINCT FROM 'admin' THEN
        RAISE EXCEPTION 'not permitted' USING
            ERRCODE = 'TN002', HINT = 'SET ROLE tenancy_admin outside any tenant.';
    END IF;
END;
$function$;

COMMENT ON FUNCTION tenancy_private.require_platform() IS
'Refuse whoever is not tenancy_admin outside any tenant. Raises TN002.';

ALTER FUNCTION tenancy_private.require_platform() OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy_private.require_platform() FROM public;

-- include: functions/tenancy_private/tenant_table.sql
-- tenancy_private.tenant_table(): every table with a tenant_id, and who may empty it.
--
-- Tests:       tests/functions/tenancy/test_purge.py

CREATE OR REPLACE FUNCTION tenancy_private.tenant_table()
RETURNS TABLE (relation regclass, kind text)
LANGUAGE sql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT
        c.oid::regclass,
        CASE
            WHEN k.why IS NOT NULL THEN 'kept'
            WHEN p.table_name IS NULL AND c.relowner = 'tenancy_kernel'::regrole THEN 'kernel'
            WHEN p.table_name IS NOT NULL
                AND has_table_privilege('tenancy_owner', c.oid, 'SELECT')
                AND has_table_privilege('tenancy_owner', c.oid, 'INSERT')
                AND has_table_privilege('tenancy_owner', c.oid, 'DELETE')
                AND EXISTS (
                    SELECT
                    FROM pg_policy AS d
                    WHERE d.polrelid = c.oid AND d.polname = 'owner_door'
                      AND 'tenancy_owner'::regrole = ANY (d.polroles)
                )
                AND NOT EXISTS (
                    SELECT
                    FROM pg_policy AS d
                    WHERE d.polrelid = c.oid AND NOT d.polpermissive AND d.polname <> 'tenant_wall'
                      AND d.polroles && ARRAY[0, 'tenancy_owner'::regrole]::oid[]
                )
                THEN 'registered'
            ELSE 'unreachable'
        END
    FROM pg_class AS c
    INNER JOIN pg_namespace AS n ON c.relnamespace = n.oid
    INNER JOIN pg_attribute AS a
        ON c.oid = a.attrelid AND a.attname = 'tenant_id' AND NOT a.attisdropped
    LEFT JOIN tenancy.protected_table AS p
        ON n.nspname = p.schema_name AND c.relname = p.table_name
    LEFT JOIN tenancy.kept_table AS k ON n.nspname = k.schema_name AND c.relname = k.table_name
    WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relpersistence <> 't'
      AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema';
$function$;

COMMENT ON FUNCTION tenancy_private.tenant_table() IS
'Tables of the database with a tenant_id: registered, kernel, kept or unreachable.';

ALTER FUNCTION tenancy_private.tenant_table() OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy_private.tenant_table() FROM public;

-- include: sql/triggers/app/analytics.sql
-- sql/triggers/app/analytics.sql

CREATE OR REPLACE TRIGGER _100_keep_identity
BEFORE UPDATE ON app.analytics
FOR EACH ROW EXECUTE FUNCTION tenancy.tg_keep_identity();

CREATE OR REPLACE TRIGGER _200_touch
BEFORE UPDATE ON app.analytics
FOR EACH ROW EXECUTE FUNCTION app.tg_touch();

-- include: sql/triggers/app/bookings.sql
-- sql/triggers/app/bookings.sql

CREATE OR REPLACE TRIGGER _100_keep_identity
BEFORE UPDATE ON app.bookings
FOR EACH ROW EXECUTE FUNCTION tenancy.tg_keep_identity();

CREATE OR REPLACE TRIGGER _200_touch
BEFORE UPDATE ON app.bookings
FOR EACH ROW EXECUTE FUNCTION app.tg_touch();

-- include: sql/triggers/app/customers.sql
-- sql/triggers/app/customers.sql

CREATE OR REPLACE TRIGGER _100_keep_identity
BEFORE UPDATE ON app.customers
FOR EACH ROW EXECUTE FUNCTION tenancy.tg_keep_identity();

CREATE OR REPLACE TRIGGER _200_touch
BEFORE UPDATE ON app.customers
FOR EACH ROW EXECUTE FUNCTION app.tg_touch();

-- include: sql/triggers/app/guests.sql
-- sql/triggers/app/guests.sql

CREATE OR REPLACE TRIGGER _100_keep_identity
BEFORE UPDATE ON app.guests
FOR EACH ROW EXECUTE FUNCTION tenancy.tg_keep_identity();

CREATE OR REPLACE TRIGGER _200_touch
BEFORE UPDATE ON app.guests
FOR EACH ROW EXECUTE FUNCTION app.tg_touch();

-- include: sql/triggers/app/orders.sql
-- sql/triggers/app/orders.sql

CREATE OR REPLACE TRIGGER _100_keep_identity
BEFORE UPDATE ON app.orders
FOR EACH ROW EXECUTE FUNCTION tenancy.tg_keep_identity();

CREATE OR REPLACE TRIGGER _200_touch
BEFORE UPDATE ON app.orders
FOR EACH ROW EXECUTE FUNCTION app.tg_touch();

CREATE OR REPLACE TRIGGER _050_lock_usage
BEFORE INSERT OR DELETE ON app.orders
FOR EACH STATEMENT EXECUTE FUNCTION tenancy.tg_lock_usage();

CREATE OR REPLACE TRIGGER _400_count_inserted
AFTER INSERT ON app.orders REFERENCING NEW TABLE AS changed
FOR EACH STATEMENT EXECUTE FUNCTION tenancy.tg_count_orders();

CREATE OR REPLACE TRIGGER _400_count_deleted
AFTER DELETE ON app.orders REFERENCING OLD TABLE AS changed
FOR EACH STATEMENT EXECUTE FUNCTION tenancy.tg_count_orders();

-- include: sql/triggers/app/patients.sql
-- sql/triggers/app/patients.sql

CREATE OR REPLACE TRIGGER _100_keep_identity
BEFORE UPDATE ON app.patients
FOR EACH ROW EXECUTE FUNCTION tenancy.tg_keep_identity();

CREATE OR REPLACE TRIGGER _200_touch
BEFORE UPDATE ON app.patients
FOR EACH ROW EXECUTE FUNCTION app.tg_touch();

-- include: sql/triggers/app/pin_comments.sql
-- sql/triggers/app/pin_comments.sql

CREATE OR REPLACE TRIGGER _100_keep_identity
BEFORE UPDATE ON app.pin_comments
FOR EACH ROW EXECUTE FUNCTION tenancy.tg_keep_identity();

CREATE OR REPLACE TRIGGER _200_touch
BEFORE UPDATE ON app.pin_comments
FOR EACH ROW EXECUTE FUNCTION app.tg_touch();

CREATE OR REPLACE TRIGGER _300_count_pin_comments
AFTER INSERT OR DELETE OR UPDATE OF pin_id ON app.pin_comments
FOR EACH ROW EXECUTE FUNCTION app.tg_count_pin_comments();

-- include: sql/triggers/app/pins.sql
-- sql/triggers/app/pins.sql

CREATE OR REPLACE TRIGGER _100_keep_identity
BEFORE UPDATE ON app.pins
FOR EACH ROW EXECUTE FUNCTION tenancy.tg_keep_identity();

CREATE OR REPLACE TRIGGER _200_touch
BEFORE UPDATE ON app.pins
FOR EACH ROW EXECUTE FUNCTION app.tg_touch();

CREATE OR REPLACE TRIGGER _050_lock_usage
BEFORE INSERT OR DELETE ON app.pins
FOR EACH STATEMENT EXECUTE FUNCTION tenancy.tg_lock_usage();

CREATE OR REPLACE TRIGGER _400_count_inserted
AFTER INSERT ON app.pins REFERENCING NEW TABLE AS changed
FOR EACH STATEMENT EXECUTE FUNCTION tenancy.tg_count_pins();

CREATE OR REPLACE TRIGGER _400_count_deleted
AFTER DELETE ON app.pins REFERENCING OLD TABLE AS changed
FOR EACH STATEMENT EXECUTE FUNCTION tenancy.tg_count_pins();

-- include: sql/triggers/app/reservations.sql
-- sql/triggers/app/reservations.sql

CREATE OR REPLACE TRIGGER _100_keep_identity
BEFORE UPDATE ON app.reservations
FOR EACH ROW EXECUTE FUNCTION tenancy.tg_keep_identity();

CREATE OR REPLACE TRIGGER _200_touch
BEFORE UPDATE ON app.reservations
FOR EACH ROW EXECUTE FUNCTION app.tg_touch();

-- include: sql/triggers/app/settings.sql
-- sql/triggers/app/settings.sql

CREATE OR REPLACE TRIGGER _100_keep_identity
BEFORE UPDATE ON app.settings
FOR EACH ROW EXECUTE FUNCTION tenancy.tg_keep_identity();

CREATE OR REPLACE TRIGGER _200_touch
BEFORE UPDATE ON app.settings
FOR EACH ROW EXECUTE FUNCTION app.tg_touch();

CREATE OR REPLACE TRIGGER _050_lock_usage
BEFORE INSERT OR UPDATE OF time_zone ON app.settings
FOR EACH STATEMENT EXECUTE FUNCTION tenancy.tg_lock_usage();

CREATE OR REPLACE TRIGGER _400_note_time_zone
AFTER INSERT OR UPDATE OF time_zone ON app.settings
FOR EACH ROW EXECUTE FUNCTION tenancy.tg_note_time_zone();

-- include: sql/triggers/app/storage_buckets.sql
-- sql/triggers/app/storage_buckets.sql

CREATE OR REPLACE TRIGGER _100_keep_identity
BEFORE UPDATE ON app.storage_buckets
FOR EACH ROW EXECUTE FUNCTION tenancy.tg_keep_identity();

CREATE OR REPLACE TRIGGER _200_touch
BEFORE UPDATE ON app.storage_buckets
FOR EACH ROW EXECUTE FUNCTION app.tg_touch();

-- include: sql/triggers/app/storage_objects.sql
-- sql/triggers/app/storage_objects.sql

CREATE OR REPLACE TRIGGER _100_keep_identity
BEFORE UPDATE ON app.storage_objects
FOR EACH ROW EXECUTE FUNCTION tenancy.tg_keep_identity();

CREATE OR REPLACE TRIGGER _200_touch
BEFORE UPDATE ON app.storage_objects
FOR EACH ROW EXECUTE FUNCTION app.tg_touch();

CREATE OR REPLACE TRIGGER _050_lock_usage
BEFORE INSERT OR DELETE OR UPDATE OF size_bytes ON app.storage_objects
FOR EACH STATEMENT EXECUTE FUNCTION tenancy.tg_lock_usage();

CREATE OR REPLACE TRIGGER _400_count_inserted
AFTER INSERT ON app.storage_objects REFERENCING NEW TABLE AS changed
FOR EACH STATEMENT EXECUTE FUNCTION tenancy.tg_count_storage();

CREATE OR REPLACE TRIGGER _400_count_deleted
AFTER DELETE ON app.storage_objects REFERENCING OLD TABLE AS changed
FOR EACH STATEMENT EXECUTE FUNCTION tenancy.tg_count_storage();

CREATE OR REPLACE TRIGGER _400_count_resized
AFTER UPDATE ON app.storage_objects REFERENCING OLD TABLE AS before NEW TABLE AS changed
FOR EACH STATEMENT EXECUTE FUNCTION tenancy.tg_resize_storage();

-- include: sql/triggers/app/survey_responses.sql
-- sql/triggers/app/survey_responses.sql

CREATE OR REPLACE TRIGGER _100_keep_identity
BEFORE UPDATE ON app.survey_responses
FOR EACH ROW EXECUTE FUNCTION tenancy.tg_keep_identity();

CREATE OR REPLACE TRIGGER _200_touch
BEFORE UPDATE ON app.survey_responses
FOR EACH ROW EXECUTE FUNCTION app.tg_touch();

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
