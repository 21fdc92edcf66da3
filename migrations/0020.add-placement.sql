-- Add placement.
-- depends: 0019.create-backfill
-- stamped from the sources: make migration

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
    EXECUTE pg_catalog.format( -- tenants' own schemas
        'GRANT CREATE ON DATABASE %I TO tenancy_owner', pg_catalog.current_database()
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

-- clear: functions/tenancy_private/require_platform.sql
DROP FUNCTION tenancy_private.require_platform();

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
    PERFORM tenancy.use_own_schema();
END;
$function$;

COMMENT ON FUNCTION tenancy.set_tenant_context(text) IS
'Enter, or confirm, the tenant with this slug or id. Raises TN001, TN003.';

ALTER FUNCTION tenancy.set_tenant_context(text) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy.set_tenant_context(text) FROM public;
GRANT EXECUTE ON FUNCTION tenancy.set_tenant_context(text)
TO tenancy_customer, tenancy_staff, tenancy_manager, tenancy_admin, tenancy_gateway,
tenancy_console, tenancy_operator;

-- include: functions/app/drop_schema.sql
-- app.drop_schema(p_tenant_id): drop a tenant's own schema, which must be empty of rows.
--
-- Sees:        every row: tenant_check admits this tenant's alone, and so does the wall.
-- Raises:      TN045 rows are left.
-- Tests:       tests/functions/tenancy/test_own_schema.py

CREATE OR REPLACE FUNCTION app.drop_schema(p_tenant_id uuid)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET client_min_messages = warning
AS $function$
DECLARE
    v_schema name := tenancy_private.own_schema_of(p_tenant_id);
    v_table regclass;
    v_is_filled boolean;
BEGIN
    FOR v_table IN SELECT t.relation::regclass FROM tenancy_private.cloned_table(v_schema) AS t LOOP
        EXECUTE format('LOCK TABLE %s IN ACCESS EXCLUSIVE MODE', v_table);
        EXECUTE format('SELECT EXISTS (SELECT FROM %s)', v_table) INTO v_is_filled;
        IF v_is_filled THEN
            RAISE EXCEPTION '% has rows', v_table USING
                ERRCODE = 'TN045', HINT = 'tenancy.move_tenant(…, ''shared'') takes them first.';
        END IF;
    END LOOP;

    EXECUTE format('DROP SCHEMA IF EXISTS %I CASCADE', v_schema);
END;
$function$;

COMMENT ON FUNCTION app.drop_schema(uuid) IS
'Drop the schema of the tenant in context with its empty tables. Raises TN045.';

ALTER FUNCTION app.drop_schema(uuid) OWNER TO tenancy_owner;
REVOKE ALL ON FUNCTION app.drop_schema(uuid) FROM public;
GRANT EXECUTE ON FUNCTION app.drop_schema(uuid)
TO tenancy_kernel;

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
    EXECUTE format(
        'INSERT INTO %s (tenant_id, branding, notifications) VALUES ($1, $2, $3) '
        'ON CONFLICT (tenant_id) DO NOTHING', tenancy_private.relation_for('app.settings')
    ) USING
        tenancy.tenant_id(),
        '{"primary_color": "#667eea", "logo_url": null}'::jsonb,
        '{"email_enabled": true, "sms_enabled": false}'::jsonb;

    EXECUTE format(
        'INSERT INTO %s (tenant_id, name, is_public, max_object_bytes) VALUES ($1, $2, false, $3) '
        'ON CONFLICT (tenant_id, name) DO NOTHING', tenancy_private.relation_for('app.storage_buckets')
    ) USING tenancy.tenant_id(), 'uploads', 52428800;
END;
$function$;

COMMENT ON FUNCTION app.make_defaults() IS
'Insert the default settings, and a private bucket for files of at most 50 MB, of the current tenant.';

ALTER FUNCTION app.make_defaults() OWNER TO tenancy_owner;
REVOKE ALL ON FUNCTION app.make_defaults() FROM public;
GRANT EXECUTE ON FUNCTION app.make_defaults()
TO tenancy_kernel;

-- include: functions/app/move_rows.sql
-- app.move_rows(p_from, p_to): copy the tenant's rows of one table, and compare.
--
-- Why definer: a job reads no table itself; the wall holds this function in the job's tenant.
-- Raises:      TN002 no move. TN043 the copy differs.
-- Tests:       tests/functions/tenancy/test_move_tenant.py

CREATE OR REPLACE FUNCTION app.move_rows(p_from regclass, p_to regclass)
RETURNS bigint
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_columns text;
    v_count text;
    v_rows bigint;
    v_copied bigint;
    v_digest numeric;
    v_copy numeric;
BEGIN
    PERFORM tenancy_private.require_job('move');
    SELECT string_agg(quote_ident(c.name), ', ') INTO v_columns
    FROM tenancy_private.archive_columns(p_from) AS c;
    v_count := format(
        'SELECT count(*), sum(hashtextextended(row_to_json(r)::text, 0)) '
        'FROM (SELECT %s FROM %%s WHERE tenant_id = (SELECT tenancy.tenant_id())) AS r', v_columns
    );

    EXECUTE format(
        'INSERT INTO %1$s (%2$s) OVERRIDING SYSTEM VALUE SELECT %2$s FROM %3$s '
        'WHERE tenant_id = (SELECT tenancy.tenant_id())', p_to, v_columns, p_from
    );
    EXECUTE format(v_count, p_from) INTO v_rows, v_digest;
    EXECUTE format(v_count, p_to) INTO v_copied, v_copy;
    IF v_rows <> v_copied OR v_digest IS DISTINCT FROM v_copy THEN
        RAISE EXCEPTION '% and % differ after the copy', p_from, p_to USING
            ERRCODE = 'TN043', HINT = 'A trigger or rule changes rows, or rows were there before.';
    END IF;

    RETURN v_rows;
END;
$function$;

COMMENT ON FUNCTION app.move_rows(regclass, regclass) IS
'Copy the rows of the tenant and return their number, proven by count and digest. Raises TN002, TN043.';

ALTER FUNCTION app.move_rows(regclass, regclass) OWNER TO tenancy_owner;
REVOKE ALL ON FUNCTION app.move_rows(regclass, regclass) FROM public;
GRANT EXECUTE ON FUNCTION app.move_rows(regclass, regclass)
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
DECLARE
    v_orders bigint;
BEGIN
    EXECUTE format(
        'SELECT count(*) FROM %s WHERE tenant_id = $1 AND created_at >= $2 AND created_at < $3',
        tenancy_private.relation_for('app.orders')
    ) INTO v_orders USING p_tenant_id, p_from, p_until;
    RETURN v_orders;
END;
$function$;

COMMENT ON FUNCTION app.orders_between(uuid, timestamptz, timestamptz) IS
'Orders made between two times in the tenant that was entered.';

ALTER FUNCTION app.orders_between(uuid, timestamptz, timestamptz) OWNER TO tenancy_owner;
REVOKE ALL ON FUNCTION app.orders_between(uuid, timestamptz, timestamptz) FROM public;
GRANT EXECUTE ON FUNCTION app.orders_between(uuid, timestamptz, timestamptz)
TO tenancy_kernel;

-- include: functions/app/sync_schema.sql
-- app.sync_schema(p_tenant_id, p_drop): make the tables of a tenant's own schema like those of app.
--
-- Why definer: its owner owns the tables. Every statement comes from the catalog of app.
-- Raises:      TN044 something still differs; what a statement raises (23502, 42804, …) as it is.
-- Tests:       tests/functions/tenancy/test_own_schema.py

CREATE OR REPLACE FUNCTION app.sync_schema(p_tenant_id uuid, p_drop boolean)
RETURNS integer
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET client_min_messages = warning
AS $function$
DECLARE
    v_schema name := tenancy_private.own_schema_of(p_tenant_id);
    v_statement text;
    v_count integer := 0;
    v_left text;
BEGIN
    IF to_regnamespace(v_schema) IS NULL THEN
        EXECUTE format('CREATE SCHEMA %I', v_schema);
        EXECUTE format(
            'GRANT USAGE ON SCHEMA %I TO tenancy_customer, tenancy_staff, tenancy_manager, '
            'tenancy_admin', v_schema
        );
        EXECUTE format('COMMENT ON SCHEMA %I IS %L', v_schema, 'The tables of app for one tenant.');
    END IF;

    FOR v_statement IN
        SELECT d.statement FROM tenancy_private.drift_ddl(v_schema, p_drop) AS d ORDER BY d.place
    LOOP
        EXECUTE v_statement;
        v_count := v_count + 1;
    END LOOP;

    IF v_count > 0 THEN
        SELECT string_agg(concat_ws(' ', d.table_name, d.kind, d.name), ', ') INTO v_left
        FROM tenancy_private.drift_of(v_schema) AS d
        WHERE d.wanted IS NOT NULL;
        IF v_left IS NOT NULL THEN
            RAISE EXCEPTION 'still not like app: %', v_left USING
                ERRCODE = 'TN044', HINT = 'tenancy.schema_drift() shows both sides.';
        END IF;
    END IF;

    RETURN v_count;
END;
$function$;

COMMENT ON FUNCTION app.sync_schema(uuid, boolean) IS
'Create or complete a tenant''s own schema and return the number of statements. Raises TN044.';

ALTER FUNCTION app.sync_schema(uuid, boolean) OWNER TO tenancy_owner;
REVOKE ALL ON FUNCTION app.sync_schema(uuid, boolean) FROM public;
GRANT EXECUTE ON FUNCTION app.sync_schema(uuid, boolean)
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

    IF tg_op = 'UPDATE' AND new.pin_id = old.pin_id THEN
        RETURN NULL;
    END IF;

    EXECUTE format(
        'UPDATE %I.pins SET comment_count = comment_count '
        '+ CASE id WHEN $2 THEN 1 ELSE 0 END - CASE id WHEN $3 THEN 1 ELSE 0 END '
        'WHERE tenant_id = $1 AND id IN ($2, $3)', tg_table_schema
    ) USING coalesce(new.tenant_id, old.tenant_id), new.pin_id, old.pin_id;
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
    EXECUTE format(
        'SELECT count(*) FROM %s WHERE tenant_id = $1', tenancy_private.relation_for('app.pins')
    ) INTO pins USING p_tenant_id;
    EXECUTE format(
        'SELECT coalesce(sum(size_bytes), 0) FROM %s WHERE tenant_id = $1',
        tenancy_private.relation_for('app.storage_objects')
    ) INTO storage_bytes USING p_tenant_id;
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
-- Own schema:  its tables stand for those of app, under their names.
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
        o.relation, tenancy_private.home_schema(n.nspname), c.relname, array_agg(x.name ORDER BY a.attnum),
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
    WHERE o.kind = 'registered' AND tenancy_private.relation_for(o.relation) = o.relation
      AND n.nspname IN (tenancy_private.home_schema(n.nspname), tenancy.own_schema())
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

-- include: functions/tenancy/begin_backfill.sql
-- tenancy.begin_backfill(p_function, p_name): list the tenants of a backfill, or go on with it.
--
-- Again:       new tenants join, and those that were skipped are tried again; nobody who is done,
--              or failed, is.
-- Raises:      TN002 not the operator. TN004 a name that is none. TN050 no function that a backfill
--              can run. TN051 this name was begun with another definition.
-- Tests:       tests/functions/tenancy/test_backfill.py

CREATE OR REPLACE FUNCTION tenancy.begin_backfill(
    p_function text,
    p_name text DEFAULT NULL
)
RETURNS TABLE (name text, schema_name name, function_name name, takes_limit boolean)
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
ROWS 1
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_function regprocedure;
    v_run tenancy_private.backfill;
BEGIN
    PERFORM tenancy_private.require_operator();
    v_function := tenancy_private.backfill_function(p_function);
    SELECT n.nspname, p.proname, p.pronargs > 0, coalesce(p_name, n.nspname || '.' || p.proname)
    INTO STRICT schema_name, function_name, takes_limit, name
    FROM pg_proc AS p
    INNER JOIN pg_namespace AS n ON p.pronamespace = n.oid
    WHERE p.oid = v_function;
    IF length(btrim(name)) NOT BETWEEN 1 AND 200 THEN
        RAISE EXCEPTION 'a backfill needs a name of 1 to 200 characters' USING
            ERRCODE = 'TN004', HINT = 'It is how a later run finds where this one stopped.';
    END IF;

    INSERT INTO tenancy_private.backfill AS b (name, function, sha256, begun_by)
    VALUES (
        begin_backfill.name, v_function::text, tenancy_private.function_digest(v_function),
        session_user
    )
    ON CONFLICT DO NOTHING;
    SELECT b.* INTO STRICT v_run
    FROM tenancy_private.backfill AS b
    WHERE b.name = begin_backfill.name
    FOR NO KEY UPDATE;
    IF v_run.function <> v_function::text
        OR v_run.sha256 <> tenancy_private.function_digest(v_function)
    THEN
        RAISE EXCEPTION 'backfill % was begun with another definition of its function', name USING
            ERRCODE = 'TN051', HINT = 'Give a new run another name: every tenant is done again.';
    END IF;

    INSERT INTO tenancy_private.backfill_tenant AS b (tenant_id, backfill)
    SELECT t.id, v_run.name
    FROM tenancy_private.tenant AS t
    INNER JOIN tenancy.tenant_status AS s ON t.status = s.status
    INNER JOIN tenancy_private.node AS n ON t.region = n.region
    WHERE s.jobs <> 'none' AND t.status <> 'purging'
    ORDER BY t.id
    ON CONFLICT DO NOTHING;
    UPDATE tenancy_private.backfill_tenant AS b
    SET state = 'pending', reason = NULL
    WHERE b.backfill = v_run.name AND b.state = 'skipped';
    RETURN NEXT;
END;
$function$;

COMMENT ON FUNCTION tenancy.begin_backfill(text, text) IS
'Begin a backfill, or go on with it, and return its name and what to call in each tenant. Raises TN002, TN004, TN050, TN051.';

ALTER FUNCTION tenancy.begin_backfill(text, text) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy.begin_backfill(text, text) FROM public;
GRANT EXECUTE ON FUNCTION tenancy.begin_backfill(text, text)
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
    PERFORM tenancy_private.require_platform('{operator,admin}');

    IF (p_grace BETWEEN interval '0' AND interval '365 days') IS NOT TRUE THEN
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

-- include: functions/tenancy/claim_backfill.sql
-- tenancy.claim_backfill(p_name, p_tenant_id): take the next tenant, for this transaction.
--
-- Lock:        the claim is a row lock: it ends with the transaction, however that ends. In it
--              enter the tenant, call the function, tenancy.note_backfill(), COMMIT.
-- Bound:       from here to its end the transaction enters no other tenant (TN003) and is no
--              platform (TN002), whatever the function tries.
-- Raises:      TN002 not the operator. TN050, TN051 the function may not be run any more, or has
--              changed. TN052 no such backfill.
-- Tests:       tests/functions/tenancy/test_backfill.py

CREATE OR REPLACE FUNCTION tenancy.claim_backfill(p_name text, p_tenant_id uuid DEFAULT NULL)
RETURNS uuid
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_run tenancy_private.backfill;
    v_tenant_id uuid;
    v_obstacle text;
BEGIN
    PERFORM tenancy_private.require_operator();
    SELECT b.* INTO v_run FROM tenancy_private.backfill AS b WHERE b.name = p_name;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no backfill %', p_name USING
            ERRCODE = 'TN052', HINT = 'tenancy.begin_backfill() first.';
    ELSIF v_run.sha256 <> tenancy_private.function_digest(
        tenancy_private.backfill_function(v_run.function)
    ) THEN
        RAISE EXCEPTION 'the function of backfill % has changed', p_name USING
            ERRCODE = 'TN051', HINT = 'Give a new run another name: every tenant is done again.';
    END IF;

    LOOP
        SELECT b.tenant_id INTO v_tenant_id
        FROM tenancy_private.backfill_tenant AS b
        WHERE b.backfill = p_name AND b.state = 'pending'
          AND (b.retry_at IS NULL OR b.retry_at <= clock_timestamp())
          AND b.tenant_id = coalesce(p_tenant_id, b.tenant_id)
        ORDER BY b.tenant_id
        LIMIT 1
        FOR NO KEY UPDATE SKIP LOCKED;
        v_obstacle := tenancy_private.backfill_obstacle(v_tenant_id);
        UPDATE tenancy_private.backfill_tenant AS b
        SET
            state = CASE WHEN v_obstacle IS NULL THEN b.state ELSE 'skipped' END,
            reason = coalesce(v_obstacle, b.reason),
            claimed_in = CASE WHEN v_obstacle IS NULL THEN tenancy_private.transaction_tag() END,
            began_at = coalesce(b.began_at, clock_timestamp())
        WHERE b.backfill = p_name AND b.tenant_id = v_tenant_id;
        EXIT WHEN v_obstacle IS NULL;
    END LOOP;
    RETURN v_tenant_id;
END;
$function$;

COMMENT ON FUNCTION tenancy.claim_backfill(text, uuid) IS
'Lock a tenant of a backfill that nobody works on (default: any) and return its id; NULL when there is none now. Raises TN002, TN050, TN051, TN052.';

ALTER FUNCTION tenancy.claim_backfill(text, uuid) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy.claim_backfill(text, uuid) FROM public;
GRANT EXECUTE ON FUNCTION tenancy.claim_backfill(text, uuid)
TO tenancy_operator;

-- include: functions/tenancy/drop_tenant_schema.sql
-- tenancy.drop_tenant_schema(p_tenant_id): drop a schema that its tenant does not use.
--
-- One each:    a transaction that drops a thousand schemas runs out of locks.
-- Raises:      TN001 no such tenant or schema. TN002 not tenancy_operator outside any tenant.
--              TN045 it is in use.
-- Tests:       tests/functions/tenancy/test_own_schema.py

CREATE OR REPLACE FUNCTION tenancy.drop_tenant_schema(p_tenant_id uuid)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_placement text;
BEGIN
    PERFORM tenancy_private.require_platform('{operator}');

    SELECT t.placement INTO v_placement
    FROM tenancy_private.tenant AS t
    INNER JOIN tenancy_private.tenant_schema AS s ON t.id = s.tenant_id
    WHERE t.id = p_tenant_id
    FOR NO KEY UPDATE OF t;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'resource not found' USING ERRCODE = 'TN001';
    ELSIF v_placement = 'dedicated' THEN
        RAISE EXCEPTION 'the schema is in use' USING
            ERRCODE = 'TN045', HINT = 'tenancy.move_tenant(…, ''shared'') first.';
    END IF;

    PERFORM tenancy_private.sign_context(
        p_tenant_id, NULL, 'operator', '{"purpose": "move"}', true
    );
    PERFORM app.drop_schema(p_tenant_id);
    PERFORM tenancy_private.forget_context();
    DELETE FROM tenancy_private.tenant_schema AS s WHERE s.tenant_id = p_tenant_id;
END;
$function$;

COMMENT ON FUNCTION tenancy.drop_tenant_schema(uuid) IS
'Drop the own schema of a tenant whose rows are in the shared tables. Raises TN001, TN002, TN045.';

ALTER FUNCTION tenancy.drop_tenant_schema(uuid) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy.drop_tenant_schema(uuid) FROM public;
GRANT EXECUTE ON FUNCTION tenancy.drop_tenant_schema(uuid)
TO tenancy_operator;

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
    PERFORM tenancy.use_own_schema();

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
    PERFORM tenancy.use_own_schema();
    RETURN p_tenant_id;
END;
$function$;

COMMENT ON FUNCTION tenancy.enter_system(uuid, text) IS
'Enter a tenant as tenancy_operator for one transaction and return its id. Raises TN001, TN003, TN004.';

ALTER FUNCTION tenancy.enter_system(uuid, text) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy.enter_system(uuid, text) FROM public;
GRANT EXECUTE ON FUNCTION tenancy.enter_system(uuid, text)
TO tenancy_operator;

-- include: functions/tenancy/fail_backfill.sql
-- tenancy.fail_backfill(…): why a call failed, after its transaction was rolled back.
--
-- Later:       a lock timeout, a deadlock or a serialization failure is tried eight times more,
--              0.1 s later at first, twice that each time; anything else is an end.
-- No data:     DETAIL never comes here, and quoted values of a data exception are cut out.
-- Raises:      TN002 not the operator. TN004 no SQLSTATE.
-- Tests:       tests/functions/tenancy/test_backfill.py

CREATE OR REPLACE FUNCTION tenancy.fail_backfill(
    p_name text,
    p_tenant_id uuid,
    p_error_code text,
    p_reason text
)
RETURNS text
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_is_passing boolean := p_error_code IN ('55P03', '40P01', '40001');
    v_state text;
BEGIN
    PERFORM tenancy_private.require_operator();
    IF p_error_code !~ '^[0-9A-Z]{5}$' IS NOT FALSE THEN
        RAISE EXCEPTION 'not an SQLSTATE' USING
            ERRCODE = 'TN004', HINT = 'Five digits and capital letters.';
    ELSIF tenancy_private.backfill_obstacle(p_tenant_id) IS NOT NULL THEN
        RETURN NULL;  -- the next claim skips it
    END IF;

    -- Whoever has it by now notes what became of it.
    PERFORM
    FROM tenancy_private.backfill_tenant AS b
    WHERE b.backfill = p_name AND b.tenant_id = p_tenant_id AND b.state = 'pending'
    FOR NO KEY UPDATE SKIP LOCKED;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;

    UPDATE tenancy_private.backfill_tenant AS b
    SET
        state = CASE WHEN v_is_passing AND b.tries < 8 THEN 'pending' ELSE 'failed' END,
        tries = b.tries + 1,
        retry_at = clock_timestamp() + interval '0.1 s' * 2 ^ b.tries * (0.5 + random()),
        error_code = p_error_code,
        reason = left(
            CASE
                WHEN p_error_code ~ '^22' THEN regexp_replace(p_reason, '".*"', '"…"')
                ELSE p_reason
            END, 500
        ),
        ended_at = CASE WHEN v_is_passing AND b.tries < 8 THEN NULL ELSE clock_timestamp() END
    WHERE b.backfill = p_name AND b.tenant_id = p_tenant_id
    RETURNING b.state INTO v_state;
    RETURN v_state;
END;
$function$;

COMMENT ON FUNCTION tenancy.fail_backfill(text, uuid, text, text) IS
'Record SQLSTATE and message of a failed call and return pending or failed; NULL when another has the tenant. Raises TN002, TN004.';

ALTER FUNCTION tenancy.fail_backfill(text, uuid, text, text) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy.fail_backfill(text, uuid, text, text) FROM public;
GRANT EXECUTE ON FUNCTION tenancy.fail_backfill(text, uuid, text, text)
TO tenancy_operator;

-- include: functions/tenancy/finish_purge.sql
-- tenancy.finish_purge(): count again, and close the receipt.
--
-- Tombstone:   the record stays with id and slug, so that no other tenant gets its host name; name
--              custom domain and own schema go.
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

    PERFORM app.drop_schema(v_tenant_id);
    UPDATE tenancy_private.tenant SET placement = 'shared' WHERE id = v_tenant_id;
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
    PERFORM tenancy_private.require_platform('{operator,admin}');

    IF NOT EXISTS (
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
-- tenancy.is_lifecycle_job(): is this an import, a move or a purge?
--
-- For:         triggers that keep derived columns. An archive has them already, a move takes them
--              along and a purge deletes them: such a trigger returns at once.
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
            encode(sha256(convert_to('{"purpose": "move"}', 'UTF8')), 'hex'),
            encode(sha256(convert_to('{"purpose": "purge"}', 'UTF8')), 'hex')
        );
END;
$function$;

COMMENT ON FUNCTION tenancy.is_lifecycle_job() IS
'True in a job that imports, moves or purges a tenant: triggers that keep derived columns stand back.';

ALTER FUNCTION tenancy.is_lifecycle_job() OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy.is_lifecycle_job() FROM public;
GRANT EXECUTE ON FUNCTION tenancy.is_lifecycle_job()
TO tenancy_owner, tenancy_builder, pg_database_owner;

-- include: functions/tenancy/list_backfill.sql
-- tenancy.list_backfill(p_name, p_state): what became of each tenant.
--
-- Raises:      TN002 not the platform. TN052 no such backfill.
-- Tests:       tests/functions/tenancy/test_backfill.py

CREATE OR REPLACE FUNCTION tenancy.list_backfill(p_name text, p_state text DEFAULT NULL)
RETURNS TABLE (
    tenant_id uuid, slug text, state text, rows_changed bigint, calls bigint, tries integer,
    error_code text, reason text, began_at timestamptz, ended_at timestamptz
)
LANGUAGE plpgsql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    PERFORM tenancy_private.require_platform('{operator,admin}');

    IF NOT EXISTS (SELECT FROM tenancy_private.backfill AS b WHERE b.name = p_name) THEN
        RAISE EXCEPTION 'there is no backfill %', p_name USING
            ERRCODE = 'TN052', HINT = 'tenancy.begin_backfill() first.';
    END IF;

    RETURN QUERY
    SELECT
        b.tenant_id, t.slug, b.state, b.rows_changed, b.calls, b.tries, b.error_code, b.reason,
        b.began_at, b.ended_at
    FROM tenancy_private.backfill_tenant AS b
    INNER JOIN tenancy_private.tenant AS t ON b.tenant_id = t.id
    WHERE b.backfill = p_name AND b.state = coalesce(p_state, b.state)
    ORDER BY b.tenant_id;
END;
$function$;

COMMENT ON FUNCTION tenancy.list_backfill(text, text) IS
'Tenants of a backfill (default: in any state), with rows, calls and the last error. Raises TN002, TN052.';

ALTER FUNCTION tenancy.list_backfill(text, text) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy.list_backfill(text, text) FROM public;
GRANT EXECUTE ON FUNCTION tenancy.list_backfill(text, text)
TO tenancy_admin, tenancy_operator;

-- include: functions/tenancy/list_schemas.sql
-- tenancy.list_schemas(p_only_stale): schemas of tenants' own, and whether they need a look.
--
-- Stale:       the catalog of the schema, or of app, changed since the two were compared.
-- Raises:      TN002 not the platform.
-- Tests:       tests/functions/tenancy/test_own_schema.py

CREATE OR REPLACE FUNCTION tenancy.list_schemas(p_only_stale boolean DEFAULT false)
RETURNS TABLE (tenant_id uuid, slug text, placement text, synced_at timestamptz, is_stale boolean)
LANGUAGE plpgsql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_template numeric := tenancy_private.schema_stamp('app');
BEGIN
    PERFORM tenancy_private.require_platform('{operator,admin}');

    RETURN QUERY
    SELECT t.id, t.slug, t.placement, s.synced_at, i.is_stale
    FROM tenancy_private.tenant_schema AS s
    INNER JOIN tenancy_private.tenant AS t ON s.tenant_id = t.id
    CROSS JOIN LATERAL (
        SELECT s.template_stamp IS DISTINCT FROM v_template
            OR s.own_stamp IS DISTINCT FROM
            tenancy_private.schema_stamp(tenancy_private.own_schema_of(t.id)) AS is_stale
    ) AS i
    WHERE i.is_stale OR NOT p_only_stale
    ORDER BY t.id;
END;
$function$;

COMMENT ON FUNCTION tenancy.list_schemas(boolean) IS
'Tenants with a schema of their own, or those whose tenancy.sync_tenant_schema() is due. Raises TN002.';

ALTER FUNCTION tenancy.list_schemas(boolean) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy.list_schemas(boolean) FROM public;
GRANT EXECUTE ON FUNCTION tenancy.list_schemas(boolean)
TO tenancy_admin, tenancy_operator;

-- include: functions/tenancy/mint_system_context.sql
-- tenancy.mint_system_context(p_tenant_id, p_purpose): sign the context of a job.
--
-- Claimed:     a transaction that tenancy.claim_backfill() gave a tenant has no other, not even one
--              whose code cleared the context.
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
    v_claimed uuid := tenancy_private.claimed_tenant();
    v_jobs text;
BEGIN
    IF length(btrim(coalesce(p_purpose, ''))) NOT BETWEEN 3 AND 200 THEN
        RAISE EXCEPTION 'a job needs a purpose of 3 to 200 characters'
            USING ERRCODE = 'TN004', HINT = 'Name the job, for example retention.';
    ELSIF v_claimed <> p_tenant_id OR (v_claimed IS NOT NULL AND p_purpose <> 'backfill') THEN
        RAISE EXCEPTION 'this transaction already has another context' USING
            ERRCODE = 'TN003', HINT = 'It has claimed a backfill: commit first.';
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

-- include: functions/tenancy/move_tenant.sql
-- tenancy.move_tenant(p_tenant_id, p_placement, p_wait): to its own schema, or back.
--
-- One step:    all tables in one transaction: killed anywhere, everything is as before. The status
--              is moving already, which lets the tenant read and nobody write; it ends as it was.
-- Again:       a tenant that is where it shall be is left alone.
-- Raises:      TN001 no such tenant. TN002 not tenancy_operator outside any tenant. TN004 no
--              placement. TN041 not moving. TN042 others are inside. TN043 a copy differs. TN044.
-- Tests:       tests/functions/tenancy/test_move_tenant.py

CREATE OR REPLACE FUNCTION tenancy.move_tenant(
    p_tenant_id uuid,
    p_placement text,
    p_wait interval DEFAULT '30 seconds'
)
RETURNS TABLE (resource text, rows bigint)
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_before text;
BEGIN
    v_before := tenancy_private.begin_move(p_tenant_id, p_placement);
    IF v_before IS NULL THEN
        RETURN;
    END IF;

    IF NOT EXISTS (
        SELECT FROM tenancy_private.tenant AS t
        WHERE t.id = p_tenant_id AND t.placement = p_placement
    ) THEN
        PERFORM tenancy_private.wait_for_others(p_wait);
        IF p_placement = 'dedicated' THEN
            PERFORM tenancy.sync_tenant_schema(p_tenant_id, false, true);
        END IF;

        RETURN QUERY
        SELECT m.resource, m.rows FROM tenancy_private.move_tables(p_tenant_id, p_placement) AS m;
    END IF;

    PERFORM tenancy_private.change_status(
        p_tenant_id, v_before, 'moved: rows are ' || p_placement, 'operator'
    );
END;
$function$;

COMMENT ON FUNCTION tenancy.move_tenant(uuid, text, interval) IS
'Move a tenant in status moving to shared or dedicated, give it back the status before, and return the rows per table. Idempotent. Raises TN001, TN002, TN004, TN041 to TN044.';

ALTER FUNCTION tenancy.move_tenant(uuid, text, interval) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy.move_tenant(uuid, text, interval) FROM public;
GRANT EXECUTE ON FUNCTION tenancy.move_tenant(uuid, text, interval)
TO tenancy_operator;

-- include: functions/tenancy/note_backfill.sql
-- tenancy.note_backfill(p_name, p_rows): what one call of the function did, in its transaction.
--
-- Exactly:     rows and their record commit together: a killed run neither loses nor repeats one.
-- Raises:      TN002 no backfill. TN052 the tenant is not claimed by this transaction. TN053 the
--              function returned no number of rows.
-- Tests:       tests/functions/tenancy/test_backfill.py

CREATE OR REPLACE FUNCTION tenancy.note_backfill(p_name text, p_rows bigint)
RETURNS boolean
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_tenant_id uuid := tenancy_private.require_job('backfill');
BEGIN
    IF p_rows IS NULL OR p_rows < 0 THEN
        RAISE EXCEPTION 'the function returned % instead of a number of rows', p_rows USING
            ERRCODE = 'TN053', HINT = 'It returns how many rows it changed; 0 when none is left.';
    END IF;

    UPDATE tenancy_private.backfill_tenant AS b
    SET
        state = CASE WHEN p_rows = 0 THEN 'done' ELSE 'pending' END,
        rows_changed = b.rows_changed + p_rows,
        calls = b.calls + 1,
        tries = 0,
        retry_at = NULL,
        error_code = NULL,
        reason = NULL,
        ended_at = CASE WHEN p_rows = 0 THEN clock_timestamp() END
    WHERE b.backfill = p_name AND b.tenant_id = v_tenant_id
      AND b.claimed_in = tenancy_private.transaction_tag();
    IF NOT FOUND THEN
        RAISE EXCEPTION 'this transaction has no claim in backfill %', p_name USING
            ERRCODE = 'TN052', HINT = 'tenancy.claim_backfill() first in the transaction.';
    END IF;

    RETURN p_rows = 0;
END;
$function$;

COMMENT ON FUNCTION tenancy.note_backfill(text, bigint) IS
'Add the rows of one call, inside the tenant; 0 ends it, and returns true. Raises TN002, TN052, TN053.';

ALTER FUNCTION tenancy.note_backfill(text, bigint) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy.note_backfill(text, bigint) FROM public;
GRANT EXECUTE ON FUNCTION tenancy.note_backfill(text, bigint)
TO tenancy_operator;

-- include: functions/tenancy/own_schema.sql
-- tenancy.own_schema(): the schema of the tenant in context, when its rows are there.
--
-- Signed:      placement is part of the context: a search_path of the client's moves nothing.
-- Tests:       tests/functions/tenancy/test_own_schema.py

CREATE OR REPLACE FUNCTION tenancy.own_schema()
RETURNS name
LANGUAGE plpgsql
STABLE
PARALLEL RESTRICTED
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_body text := tenancy_private.context_in_force();
BEGIN
    RETURN CASE WHEN substr(v_body, 70, 1) = 'd' THEN 't_' || substr(v_body, 5, 32) END;
END;
$function$;

COMMENT ON FUNCTION tenancy.own_schema() IS
'The name of the current tenant''s own schema; NULL when its rows are in the shared tables, or outside a tenant.';

ALTER FUNCTION tenancy.own_schema() OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy.own_schema() FROM public;
GRANT EXECUTE ON FUNCTION tenancy.own_schema()
TO tenancy_customer, tenancy_staff, tenancy_manager, tenancy_admin, tenancy_operator;

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
    PERFORM tenancy.use_own_schema();
END;
$function$;

COMMENT ON FUNCTION tenancy.pre_request() IS
'Enter the tenant of the bearer token or API key in request.headers. For db-pre-request of PostgREST. Raises TN001, TN003, PT429.';

ALTER FUNCTION tenancy.pre_request() OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy.pre_request() FROM public;
GRANT EXECUTE ON FUNCTION tenancy.pre_request()
TO tenancy_gateway;

-- include: functions/tenancy/provision_tenant_schema.sql
-- tenancy.provision_tenant_schema(p_tenant_id): make a tenant's own schema, as app is.
--
-- Rows:        stay where they are; tenancy.move_tenant() takes them.
-- Again:       a schema that is there is brought up to date.
-- Raises:      TN001 no such tenant. TN002 not the platform. TN004 no uuid. TN044.
-- Tests:       tests/functions/tenancy/test_own_schema.py

CREATE OR REPLACE FUNCTION tenancy.provision_tenant_schema(p_tenant_id text)
RETURNS text
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_tenant_id uuid;
BEGIN
    IF p_tenant_id ~ '^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$' THEN
        v_tenant_id := p_tenant_id;
    ELSIF tenancy_private.platform_role() IS NOT NULL THEN
        RAISE EXCEPTION 'no id of a tenant'
            USING ERRCODE = 'TN004', HINT = 'Pass the uuid of a tenant as text.';
    END IF;

    PERFORM tenancy.sync_tenant_schema(v_tenant_id, false, true);
    RETURN tenancy_private.own_schema_of(v_tenant_id);
END;
$function$;

COMMENT ON FUNCTION tenancy.provision_tenant_schema(text) IS
'Make the schema of a tenant (its uuid as text), or complete it, and return its name. Idempotent. Raises TN001, TN002, TN004, TN044.';

ALTER FUNCTION tenancy.provision_tenant_schema(text) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy.provision_tenant_schema(text) FROM public;
GRANT EXECUTE ON FUNCTION tenancy.provision_tenant_schema(text)
TO tenancy_admin, tenancy_operator;

-- include: functions/tenancy/retry_backfill.sql
-- tenancy.retry_backfill(p_name, p_tenant_id): try failed tenants again.
--
-- Raises:      TN002 not the operator.
-- Tests:       tests/functions/tenancy/test_backfill.py

CREATE OR REPLACE FUNCTION tenancy.retry_backfill(p_name text, p_tenant_id uuid DEFAULT NULL)
RETURNS bigint
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_tenants bigint;
BEGIN
    PERFORM tenancy_private.require_operator();

    UPDATE tenancy_private.backfill_tenant AS b
    SET state = 'pending', tries = 0, retry_at = NULL, ended_at = NULL
    WHERE b.backfill = p_name AND b.state = 'failed'
      AND b.tenant_id = coalesce(p_tenant_id, b.tenant_id);
    GET DIAGNOSTICS v_tenants = ROW_COUNT;
    RETURN v_tenants;
END;
$function$;

COMMENT ON FUNCTION tenancy.retry_backfill(text, uuid) IS
'Make failed tenants of a backfill pending again (default: all) and return their number. Raises TN002.';

ALTER FUNCTION tenancy.retry_backfill(text, uuid) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy.retry_backfill(text, uuid) FROM public;
GRANT EXECUTE ON FUNCTION tenancy.retry_backfill(text, uuid)
TO tenancy_operator;

-- include: functions/tenancy/schema_drift.sql
-- tenancy.schema_drift(p_tenant_id): what differs between app and the tenants' own schemas.
--
-- Looks:       at every definition, whatever the stamps say.
-- Raises:      TN002 not the platform.
-- Tests:       tests/functions/tenancy/test_own_schema.py

CREATE OR REPLACE FUNCTION tenancy.schema_drift(p_tenant_id uuid DEFAULT NULL)
RETURNS TABLE (
    tenant_id uuid, table_name name, kind text, name text, wanted text, found text
)
LANGUAGE plpgsql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    PERFORM tenancy_private.require_platform('{operator,admin}');

    RETURN QUERY
    SELECT s.tenant_id, d.*
    FROM tenancy_private.tenant_schema AS s
    CROSS JOIN LATERAL tenancy_private.drift_of(tenancy_private.own_schema_of(s.tenant_id)) AS d
    WHERE s.tenant_id = p_tenant_id OR p_tenant_id IS NULL
    ORDER BY s.tenant_id, d.table_name, d.kind, d.name;
END;
$function$;

COMMENT ON FUNCTION tenancy.schema_drift(uuid) IS
'A row for each part of a table that app has otherwise (wanted) than a tenant''s own schema (found); of one tenant, or of all. Raises TN002.';

ALTER FUNCTION tenancy.schema_drift(uuid) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy.schema_drift(uuid) FROM public;
GRANT EXECUTE ON FUNCTION tenancy.schema_drift(uuid)
TO tenancy_admin, tenancy_operator;

-- include: functions/tenancy/sync_tenant_schema.sql
-- tenancy.sync_tenant_schema(p_tenant_id, p_drop, p_create): bring an own schema up to date.
--
-- Locks:       the tenant's record, so that two at once take turns; then this schema's tables.
-- Raises:      TN001 no such tenant, or no schema. TN002 not the platform. TN044 still differs.
-- Tests:       tests/functions/tenancy/test_own_schema.py

CREATE OR REPLACE FUNCTION tenancy.sync_tenant_schema(
    p_tenant_id uuid,
    p_drop boolean DEFAULT false,
    p_create boolean DEFAULT false
)
RETURNS integer
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_count integer;
BEGIN
    PERFORM tenancy_private.require_platform('{operator,admin}');

    PERFORM FROM tenancy_private.tenant AS t
    WHERE t.id = p_tenant_id AND t.status NOT IN ('purging', 'purged')
      AND (p_create OR EXISTS (
          SELECT FROM tenancy_private.tenant_schema AS s WHERE s.tenant_id = t.id
      ))
    FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'resource not found' USING ERRCODE = 'TN001';
    END IF;

    v_count := app.sync_schema(p_tenant_id, p_drop);
    INSERT INTO tenancy_private.tenant_schema (tenant_id, synced_at, template_stamp, own_stamp)
    VALUES (
        p_tenant_id, clock_timestamp(), tenancy_private.schema_stamp('app'),
        tenancy_private.schema_stamp(tenancy_private.own_schema_of(p_tenant_id))
    )
    ON CONFLICT (tenant_id) DO UPDATE
    SET synced_at = excluded.synced_at, template_stamp = excluded.template_stamp,
        own_stamp = excluded.own_stamp;
    RETURN v_count;
END;
$function$;

COMMENT ON FUNCTION tenancy.sync_tenant_schema(uuid, boolean, boolean) IS
'Make the tables of a tenant''s own schema like those of app and return the number of statements; p_drop: drop columns that app has no more. Raises TN001, TN002, TN044.';

ALTER FUNCTION tenancy.sync_tenant_schema(uuid, boolean, boolean) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy.sync_tenant_schema(uuid, boolean, boolean) FROM public;
GRANT EXECUTE ON FUNCTION tenancy.sync_tenant_schema(uuid, boolean, boolean)
TO tenancy_admin, tenancy_operator;

-- include: functions/tenancy/table_order.sql
-- tenancy.table_order(p_deferred): every table that holds rows of tenants, children first.
--
-- Where:       the shared tables, and those of the own schema of the tenant in context.
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

-- include: functions/tenancy/tg_refuse_misplaced.sql
-- tenancy.tg_refuse_misplaced(): BEFORE INSERT: rows of a tenant are in one place.
--
-- Why:         the wall holds in both places, so a qualified name would put a row where its tenant
--              does not look. There is nothing to read, change or delete in the wrong place.
-- Stands back: for jobs, which name the tables they mean.
-- Raises:      TN040 the tenant's rows are elsewhere.
-- Tests:       tests/functions/tenancy/test_own_schema.py

CREATE OR REPLACE FUNCTION tenancy.tg_refuse_misplaced()
RETURNS trigger
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    IF tenancy.tenant_id() IS NOT NULL
        AND tg_table_schema <> coalesce(tenancy.own_schema(), 'app')
        AND NOT tenancy.is_lifecycle_job()
    THEN
        RAISE EXCEPTION 'this tenant has no rows in %.%', tg_table_schema, tg_table_name USING
            ERRCODE = 'TN040',
            HINT = 'Write the name without a schema: tenancy.enter() sets the search_path.';
    END IF;

    RETURN NULL;
END;
$function$;

COMMENT ON FUNCTION tenancy.tg_refuse_misplaced() IS
'Trigger: refuse to insert rows where their tenant is not placed. Raises TN040.';

ALTER FUNCTION tenancy.tg_refuse_misplaced() OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy.tg_refuse_misplaced() FROM public;
GRANT EXECUTE ON FUNCTION tenancy.tg_refuse_misplaced()
TO tenancy_owner;

-- include: functions/tenancy/use_own_schema.sql
-- tenancy.use_own_schema(): put the schema of a dedicated tenant first in the search_path.
--
-- Why:         the same unqualified statement then works for every tenant, wherever its rows are.
-- Why invoker: what a definer sets ends with it. Without a SET clause every name is
--              qualified, and NULLIF() would look for an operator.
-- Tests:       tests/functions/tenancy/test_own_schema.py

CREATE OR REPLACE FUNCTION tenancy.use_own_schema()
RETURNS void
LANGUAGE plpgsql
VOLATILE
SECURITY INVOKER
AS $function$
DECLARE
    v_schema pg_catalog.name := tenancy.own_schema();
BEGIN
    IF v_schema IS NOT NULL THEN
        EXECUTE pg_catalog.format(
            'SET LOCAL search_path = %I%s', v_schema,
            pg_catalog.regexp_replace(pg_catalog.current_setting('search_path'), '^(?=.)', ', ')
        );
    END IF;
END;
$function$;

COMMENT ON FUNCTION tenancy.use_own_schema() IS
'For this transaction, find the tables of the current tenant''s own schema first, if it has one.';

ALTER FUNCTION tenancy.use_own_schema() OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy.use_own_schema() FROM public;
GRANT EXECUTE ON FUNCTION tenancy.use_own_schema()
TO tenancy_customer, tenancy_staff, tenancy_manager, tenancy_admin, tenancy_operator;

-- include: functions/tenancy_private/home_schema.sql
-- tenancy_private.home_schema(p_schema): where the registry has the tables of a schema.
--
-- Own schema:  t_ and the 32 digits of the tenant's id: never made of anybody's text, which can be
--              cut at 63 bytes or written in two ways.
-- Tests:       tests/functions/tenancy/test_own_schema.py

CREATE OR REPLACE FUNCTION tenancy_private.home_schema(p_schema name)
RETURNS name
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT CASE WHEN p_schema ~ '^t_[0-9a-f]{32}$' THEN 'app' ELSE p_schema END;
$function$;

COMMENT ON FUNCTION tenancy_private.home_schema(name) IS
'app for a schema of a tenant''s own, else the schema itself.';

ALTER FUNCTION tenancy_private.home_schema(name) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy_private.home_schema(name) FROM public;

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
            ON p.schema_name = tenancy_private.home_schema(n.nspname) AND c.relname = p.table_name
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
        ON p.schema_name = tenancy_private.home_schema(n.nspname) AND c.relname = p.table_name
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

-- include: functions/tenancy_private/backfill_function.sql
-- tenancy_private.backfill_function(p_name): find the function of a backfill, or say what is wrong.
--
-- Name:        schema.name, with () or (integer), or schema.name(arguments) where both exist.
-- Walls:       a definer of an owner above row security would not be held by any.
-- Raises:      TN050 no function that a backfill can run.
-- Tests:       tests/functions/tenancy/test_backfill.py

CREATE OR REPLACE FUNCTION tenancy_private.backfill_function(p_name text)
RETURNS regprocedure
LANGUAGE plpgsql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_path text[];
    v_found regprocedure[];
    v_function record;
    v_problem text;
    v_remedy text;
BEGIN
    BEGIN
        v_path := parse_ident(split_part(p_name, '(', 1));
    EXCEPTION
        WHEN invalid_parameter_value THEN
            v_path := NULL;
    END;

    v_found := ARRAY(
        SELECT p.oid::regprocedure
        FROM pg_proc AS p
        INNER JOIN pg_namespace AS n ON p.pronamespace = n.oid
        WHERE cardinality(v_path) = 2 AND n.nspname = v_path[1] AND p.proname = v_path[2]
          AND n.nspname !~ '^pg_' AND p.proargtypes::text IN ('', 'integer'::regtype::oid::text)
          AND (strpos(p_name, '(') = 0
              OR btrim(split_part(lower(p_name), '(', 2), ' )') = oidvectortypes(p.proargtypes))
    );
    IF cardinality(v_found) <> 1 THEN
        RAISE EXCEPTION '% cannot be run as a backfill: % functions fit', p_name,
            cardinality(v_found) USING
            ERRCODE = 'TN050',
            HINT = 'Name one as schema.name: without an argument, or with one integer, its limit. '
            'If there are both: schema.name() or schema.name(integer).';
    END IF;

    SELECT p.oid::regprocedure AS id, p.prokind, p.prorettype, p.proretset, p.prosecdef,
        n.oid AS schema_id, n.nspname, r.rolname, r.rolsuper OR r.rolbypassrls AS is_above
    INTO STRICT v_function
    FROM pg_proc AS p
    INNER JOIN pg_namespace AS n ON p.pronamespace = n.oid
    INNER JOIN pg_roles AS r ON p.proowner = r.oid
    WHERE p.oid = v_found[1];

    IF v_function.prokind <> 'f' OR v_function.proretset OR v_function.prorettype NOT IN (
        'integer'::regtype, 'bigint'::regtype
    ) THEN
        v_problem := 'it does not return the number of rows that it changed';
        v_remedy := 'CREATE FUNCTION … RETURNS bigint.';
    ELSIF v_function.prosecdef AND v_function.is_above THEN
        v_problem := 'it runs as a role above row security';
        v_remedy := format('ALTER FUNCTION %s OWNER TO the owner of the tables.', v_function.id);
    ELSIF NOT has_schema_privilege('tenancy_operator', v_function.schema_id, 'USAGE') THEN
        v_problem := 'tenancy_operator may not use its schema';
        v_remedy := format('GRANT USAGE ON SCHEMA %I TO tenancy_operator.', v_function.nspname);
    ELSIF NOT has_function_privilege('tenancy_operator', v_function.id, 'EXECUTE') THEN
        v_problem := 'tenancy_operator may not execute it';
        v_remedy := format('GRANT EXECUTE ON FUNCTION %s TO tenancy_operator.', v_function.id);
    ELSE
        RETURN v_function.id;
    END IF;

    RAISE EXCEPTION '% cannot be run as a backfill: %', v_function.id, v_problem
        USING ERRCODE = 'TN050', HINT = v_remedy;
END;
$function$;

COMMENT ON FUNCTION tenancy_private.backfill_function(text) IS
'The function with this name, if tenancy_operator may run it as a backfill. Raises TN050.';

ALTER FUNCTION tenancy_private.backfill_function(text) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy_private.backfill_function(text) FROM public;

-- include: functions/tenancy_private/backfill_obstacle.sql
-- tenancy_private.backfill_obstacle(p_tenant_id): why no backfill runs in this tenant now, or NULL.
--
-- Purging:     its jobs may write, but to delete; what a backfill adds would be left.
-- Tests:       tests/functions/tenancy/test_backfill.py

CREATE OR REPLACE FUNCTION tenancy_private.backfill_obstacle(p_tenant_id uuid)
RETURNS text
LANGUAGE plpgsql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    RETURN (
        SELECT 'the tenant is ' || t.status
        FROM tenancy_private.tenant AS t
        INNER JOIN tenancy.tenant_status AS s ON t.status = s.status
        WHERE t.id = p_tenant_id AND (s.jobs <> 'write' OR t.status = 'purging')
    );
END;
$function$;

COMMENT ON FUNCTION tenancy_private.backfill_obstacle(uuid) IS
'The status that keeps a backfill out of a tenant, in words; NULL when none does.';

ALTER FUNCTION tenancy_private.backfill_obstacle(uuid) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy_private.backfill_obstacle(uuid) FROM public;

-- include: functions/tenancy_private/begin_move.sql
-- tenancy_private.begin_move(p_tenant_id, p_placement): may this move begin?
--
-- Committed:   moving must have been committed before, else it would bind nobody yet.
-- Raises:      TN001, TN002, TN004, TN041.
-- Tests:       tests/functions/tenancy/test_move_tenant.py

CREATE OR REPLACE FUNCTION tenancy_private.begin_move(p_tenant_id uuid, p_placement text)
RETURNS text
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_tenant record;
    v_last record;
BEGIN
    PERFORM tenancy_private.require_platform('{operator}');

    IF p_placement NOT IN ('shared', 'dedicated') IS NOT FALSE THEN
        RAISE EXCEPTION 'no such placement'
            USING ERRCODE = 'TN004', HINT = 'shared or dedicated.';
    END IF;

    SELECT t.placement, t.status INTO v_tenant
    FROM tenancy_private.tenant AS t
    WHERE t.id = p_tenant_id
    FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'resource not found' USING ERRCODE = 'TN001';
    ELSIF v_tenant.placement = p_placement AND v_tenant.status <> 'moving' THEN
        RETURN NULL;
    END IF;

    SELECT l.from_status, l.changed_at > transaction_timestamp() AS is_new INTO v_last
    FROM tenancy_private.tenant_status_log AS l
    WHERE l.tenant_id = p_tenant_id AND l.to_status = 'moving'
    ORDER BY l.changed_at DESC
    LIMIT 1;
    IF v_tenant.status <> 'moving' OR v_last.is_new THEN
        RAISE EXCEPTION 'the tenant is not moving' USING
            ERRCODE = 'TN041',
            HINT = 'tenancy.set_tenant_status(…, ''moving'', …) and COMMIT first.';
    END IF;

    RETURN v_last.from_status;
END;
$function$;

COMMENT ON FUNCTION tenancy_private.begin_move(uuid, text) IS
'The status to go back to, or NULL when the tenant is there already. Raises TN001, TN002, TN004, TN041.';

ALTER FUNCTION tenancy_private.begin_move(uuid, text) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy_private.begin_move(uuid, text) FROM public;

-- include: functions/tenancy_private/claimed_tenant.sql
-- tenancy_private.claimed_tenant(): the tenant that this transaction claimed for a backfill.
--
-- Why:         a context is a setting, and who runs as tenancy_operator may clear it and enter
--              another tenant. Code of a team runs after a claim, and cannot take that row back.
-- Tests:       tests/functions/tenancy/test_backfill.py

CREATE OR REPLACE FUNCTION tenancy_private.claimed_tenant()
RETURNS uuid
LANGUAGE plpgsql
STABLE
PARALLEL RESTRICTED
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    RETURN (
        SELECT b.tenant_id
        FROM tenancy_private.backfill_tenant AS b
        WHERE b.claimed_in = tenancy_private.transaction_tag()
        LIMIT 1
    );
END;
$function$;

COMMENT ON FUNCTION tenancy_private.claimed_tenant() IS
'Tenant that tenancy.claim_backfill() gave to this transaction; NULL when there is none.';

ALTER FUNCTION tenancy_private.claimed_tenant() OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy_private.claimed_tenant() FROM public;

-- include: functions/tenancy_private/cloned_table.sql
-- tenancy_private.cloned_table(p_schema): registered tables of app, there or in a tenant's schema.
--
-- By index:    of name and schema; every schema has tables of these names.
-- Tests:       tests/functions/tenancy/test_own_schema.py

CREATE OR REPLACE FUNCTION tenancy_private.cloned_table(p_schema name)
RETURNS TABLE (relation oid, table_name name)
LANGUAGE sql
STABLE
SECURITY DEFINER
ROWS 20
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT c.oid, c.relname
    FROM tenancy.protected_table AS p
    INNER JOIN pg_class AS c
        ON p.table_name = c.relname
        AND c.relnamespace = (SELECT n.oid FROM pg_namespace AS n WHERE n.nspname = p_schema)
    WHERE p.schema_name = 'app' AND c.relkind = 'r';
$function$;

COMMENT ON FUNCTION tenancy_private.cloned_table(name) IS
'Tables of this schema that have the name of a registered table of app.';

ALTER FUNCTION tenancy_private.cloned_table(name) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy_private.cloned_table(name) FROM public;
GRANT EXECUTE ON FUNCTION tenancy_private.cloned_table(name)
TO tenancy_owner;

-- include: functions/tenancy_private/structure_of_columns.sql
-- tenancy_private.structure_of_columns(p_schema): columns, defaults and NOT NULL of cloned tables.
--
-- By index:    a thousand new schemas are a large catalog that has no statistics yet.
-- Tests:       tests/functions/tenancy/test_own_schema.py

CREATE OR REPLACE FUNCTION tenancy_private.structure_of_columns(p_schema name)
RETURNS TABLE (table_name name, kind text, name text, definition text)
LANGUAGE sql
STABLE
SECURITY DEFINER
ROWS 500
SET search_path = pg_catalog, pg_temp
SET enable_hashjoin = off
SET enable_mergejoin = off
AS $function$
    WITH cloned AS (
        SELECT
            t.table_name, a.attname, a.attnotnull, a.attgenerated, a.attidentity,
            format_type(a.atttypid, a.atttypmod)
            || coalesce(' COLLATE ' || nullif(a.attcollation, y.typcollation)::regcollation::text, '')
            AS type,
            pg_get_expr(d.adbin, d.adrelid) AS expression
        FROM tenancy_private.cloned_table(p_schema) AS t
        INNER JOIN pg_attribute AS a ON t.relation = a.attrelid AND a.attnum > 0
        INNER JOIN pg_type AS y ON a.atttypid = y.oid
        LEFT JOIN pg_attrdef AS d ON a.attrelid = d.adrelid AND a.attnum = d.adnum
        WHERE NOT a.attisdropped
    )

    SELECT
        c.table_name, 'column', c.attname::text,
        c.type || CASE
            WHEN c.attgenerated = 's' THEN format(' GENERATED ALWAYS AS (%s) STORED', c.expression)
            WHEN c.attidentity = 'a' THEN ' GENERATED ALWAYS AS IDENTITY'
            WHEN c.attidentity = 'd' THEN ' GENERATED BY DEFAULT AS IDENTITY'
            ELSE ''
        END
    FROM cloned AS c
    UNION ALL
    SELECT c.table_name, 'default', c.attname::text, c.expression
    FROM cloned AS c
    WHERE c.expression IS NOT NULL AND c.attgenerated = ''
    UNION ALL
    SELECT c.table_name, 'not null', c.attname::text, ''
    FROM cloned AS c
    WHERE c.attnotnull;
$function$;

COMMENT ON FUNCTION tenancy_private.structure_of_columns(name) IS
'Kinds column, default and not null.';

ALTER FUNCTION tenancy_private.structure_of_columns(name) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy_private.structure_of_columns(name) FROM public;

-- include: functions/tenancy_private/structure_of_comments.sql
-- tenancy_private.structure_of_comments(p_schema): comments on cloned tables and what is in them.
--
-- Name:        as COMMENT ON wants it, the table left out: %s.
-- By index:    a thousand new schemas are a large catalog that has no statistics yet.
-- Tests:       tests/functions/tenancy/test_own_schema.py

CREATE OR REPLACE FUNCTION tenancy_private.structure_of_comments(p_schema name)
RETURNS TABLE (table_name name, kind text, name text, definition text)
LANGUAGE sql
STABLE
SECURITY DEFINER
ROWS 500
SET search_path = pg_catalog, pg_temp
SET enable_hashjoin = off
SET enable_mergejoin = off
AS $function$
    SELECT t.table_name, 'comment', o.name, quote_literal(d.description)
    FROM tenancy_private.cloned_table(p_schema) AS t
    CROSS JOIN LATERAL (
        SELECT 'TABLE %s' AS name, 'pg_class'::regclass AS class, t.relation AS id, 0 AS part
        UNION ALL
        SELECT format('COLUMN %%s.%I', a.attname), 'pg_class'::regclass, t.relation, a.attnum
        FROM pg_attribute AS a
        WHERE a.attrelid = t.relation AND a.attnum > 0 AND NOT a.attisdropped
        UNION ALL
        SELECT format('POLICY %I ON %%s', p.polname), 'pg_policy'::regclass, p.oid, 0
        FROM pg_policy AS p
        WHERE p.polrelid = t.relation
        UNION ALL
        SELECT format('TRIGGER %I ON %%s', g.tgname), 'pg_trigger'::regclass, g.oid, 0
        FROM pg_trigger AS g
        WHERE g.tgrelid = t.relation AND NOT g.tgisinternal
        UNION ALL
        SELECT format('CONSTRAINT %I ON %%s', k.conname), 'pg_constraint'::regclass, k.oid, 0
        FROM pg_constraint AS k
        WHERE k.conrelid = t.relation
    ) AS o
    INNER JOIN pg_description AS d
        ON o.id = d.objoid AND o.class = d.classoid AND o.part = d.objsubid;
$function$;

COMMENT ON FUNCTION tenancy_private.structure_of_comments(name) IS
'Kind comment.';

ALTER FUNCTION tenancy_private.structure_of_comments(name) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy_private.structure_of_comments(name) FROM public;

-- include: functions/tenancy_private/structure_of_grants.sql
-- tenancy_private.structure_of_grants(p_schema): privileges on cloned tables and columns.
--
-- Owner:       has everything, by whomever it was written down.
-- By index:    a thousand new schemas are a large catalog that has no statistics yet.
-- Tests:       tests/functions/tenancy/test_own_schema.py

CREATE OR REPLACE FUNCTION tenancy_private.structure_of_grants(p_schema name)
RETURNS TABLE (table_name name, kind text, name text, definition text)
LANGUAGE sql
STABLE
SECURITY DEFINER
ROWS 500
SET search_path = pg_catalog, pg_temp
SET enable_hashjoin = off
SET enable_mergejoin = off
AS $function$
    SELECT t.table_name, 'grant', a.privilege_type || ' ' || g.grantee, ''
    FROM tenancy_private.cloned_table(p_schema) AS t
    INNER JOIN pg_class AS c ON t.relation = c.oid
    CROSS JOIN LATERAL aclexplode(c.relacl) AS a
    CROSS JOIN LATERAL (
        SELECT CASE a.grantee WHEN 0 THEN 'public' ELSE quote_ident(pg_get_userbyid(a.grantee)) END
    ) AS g (grantee)
    WHERE a.grantee <> c.relowner
    UNION ALL
    SELECT
        t.table_name, 'column grant', a.privilege_type || ' ' || g.grantee,
        string_agg(quote_ident(u.attname), ', ' ORDER BY u.attname)
    FROM tenancy_private.cloned_table(p_schema) AS t
    INNER JOIN pg_attribute AS u ON t.relation = u.attrelid AND u.attnum > 0
    CROSS JOIN LATERAL aclexplode(u.attacl) AS a
    CROSS JOIN LATERAL (
        SELECT CASE a.grantee WHEN 0 THEN 'public' ELSE quote_ident(pg_get_userbyid(a.grantee)) END
    ) AS g (grantee)
    WHERE NOT u.attisdropped
    GROUP BY t.table_name, a.privilege_type, g.grantee;
$function$;

COMMENT ON FUNCTION tenancy_private.structure_of_grants(name) IS
'Kinds grant and column grant.';

ALTER FUNCTION tenancy_private.structure_of_grants(name) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy_private.structure_of_grants(name) FROM public;

-- include: functions/tenancy_private/structure_of_keys.sql
-- tenancy_private.structure_of_keys(p_schema): constraints and indexes of cloned tables.
--
-- tenant_check: in a schema of its own each table admits one tenant. The template has no such
--              constraint; what it would be is said for it. It replaces the foreign key to the
--              tenants, whose end would lock everybody out of that table.
-- By index:    a thousand new schemas are a large catalog that has no statistics yet.
-- Tests:       tests/functions/tenancy/test_own_schema.py

CREATE OR REPLACE FUNCTION tenancy_private.structure_of_keys(p_schema name)
RETURNS TABLE (table_name name, kind text, name text, definition text)
LANGUAGE sql
STABLE
SECURITY DEFINER
ROWS 500
SET search_path = pg_catalog, pg_temp
SET enable_hashjoin = off
SET enable_mergejoin = off
AS $function$
    SELECT
        t.table_name,
        CASE k.contype WHEN 'f' THEN 'foreign key' WHEN 'c' THEN 'check' ELSE 'key' END,
        k.conname::text,
        pg_get_constraintdef(k.oid)
    FROM tenancy_private.cloned_table(p_schema) AS t
    INNER JOIN pg_constraint AS k ON t.relation = k.conrelid
    WHERE k.contype IN ('p', 'u', 'x', 'f', 'c')
      AND k.confrelid <> 'tenancy_private.tenant'::regclass
    UNION ALL
    SELECT t.table_name, 'check', 'tenant_check', 'CHECK ((tenant_id = ''<tenant>''::uuid))'
    FROM tenancy_private.cloned_table(p_schema) AS t
    WHERE p_schema = 'app'
    UNION ALL
    SELECT t.table_name, 'index', c.relname::text, pg_get_indexdef(i.indexrelid)
    FROM tenancy_private.cloned_table(p_schema) AS t
    INNER JOIN pg_index AS i ON t.relation = i.indrelid
    INNER JOIN pg_class AS c ON i.indexrelid = c.oid
    WHERE NOT EXISTS (
        SELECT
        FROM pg_constraint AS k
        WHERE k.conrelid = i.indrelid AND k.conindid = i.indexrelid AND k.contype IN ('p', 'u', 'x')
    );
$function$;

COMMENT ON FUNCTION tenancy_private.structure_of_keys(name) IS
'Kinds key, check, foreign key and index.';

ALTER FUNCTION tenancy_private.structure_of_keys(name) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy_private.structure_of_keys(name) FROM public;

-- include: functions/tenancy_private/structure_of_rules.sql
-- tenancy_private.structure_of_rules(p_schema): policies and triggers of cloned tables.
--
-- By index:    a thousand new schemas are a large catalog that has no statistics yet.
-- Tests:       tests/functions/tenancy/test_own_schema.py

CREATE OR REPLACE FUNCTION tenancy_private.structure_of_rules(p_schema name)
RETURNS TABLE (table_name name, kind text, name text, definition text)
LANGUAGE sql
STABLE
SECURITY DEFINER
ROWS 500
SET search_path = pg_catalog, pg_temp
SET enable_hashjoin = off
SET enable_mergejoin = off
AS $function$
    SELECT t.table_name, 'row security', r.name, r.name || ' ROW LEVEL SECURITY'
    FROM tenancy_private.cloned_table(p_schema) AS t
    INNER JOIN pg_class AS c ON t.relation = c.oid
    CROSS JOIN LATERAL (
        VALUES ('ENABLE', c.relrowsecurity), ('FORCE', c.relforcerowsecurity)
    ) AS r (name, is_set)
    WHERE r.is_set
    UNION ALL
    SELECT
        t.table_name, 'policy', p.polname::text,
        concat_ws(' ',
            CASE WHEN NOT p.polpermissive THEN 'AS RESTRICTIVE' END,
            'FOR ' || CASE p.polcmd WHEN 'r' THEN 'SELECT' WHEN 'a' THEN 'INSERT'
                WHEN 'w' THEN 'UPDATE' WHEN 'd' THEN 'DELETE' ELSE 'ALL' END,
            'TO ' || (
                SELECT string_agg(
                    CASE u.role WHEN 0 THEN 'public' ELSE quote_ident(pg_get_userbyid(u.role)) END,
                    ', ' ORDER BY pg_get_userbyid(u.role)
                )
                FROM unnest(p.polroles) AS u (role)
            ),
            'USING (' || pg_get_expr(p.polqual, p.polrelid) || ')',
            'WITH CHECK (' || pg_get_expr(p.polwithcheck, p.polrelid) || ')')
    FROM tenancy_private.cloned_table(p_schema) AS t
    INNER JOIN pg_policy AS p ON t.relation = p.polrelid
    UNION ALL
    SELECT t.table_name, r.kind, g.tgname::text, r.definition
    FROM tenancy_private.cloned_table(p_schema) AS t
    INNER JOIN pg_trigger AS g ON t.relation = g.tgrelid AND NOT g.tgisinternal
    CROSS JOIN LATERAL (
        VALUES
        ('trigger', pg_get_triggerdef(g.oid)),
        ('trigger state', CASE g.tgenabled WHEN 'A' THEN 'ENABLE ALWAYS' WHEN 'R' THEN 'ENABLE REPLICA'
            WHEN 'D' THEN 'DISABLE' END)
    ) AS r (kind, definition)
    WHERE r.definition IS NOT NULL;
$function$;

COMMENT ON FUNCTION tenancy_private.structure_of_rules(name) IS
'Kinds row security, policy, trigger and trigger state.';

ALTER FUNCTION tenancy_private.structure_of_rules(name) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy_private.structure_of_rules(name) FROM public;

-- include: functions/tenancy_private/structure_of.sql
-- tenancy_private.structure_of(p_schema): what the tables of a schema are made of.
--
-- Comparable:  the schema is called app and its tenant <tenant> in every definition.
-- Tests:       tests/functions/tenancy/test_own_schema.py

CREATE OR REPLACE FUNCTION tenancy_private.structure_of(p_schema name)
RETURNS TABLE (table_name name, kind text, name text, definition text)
LANGUAGE sql
STABLE
SECURITY DEFINER
ROWS 500
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT
        s.table_name, s.kind, s.name,
        CASE WHEN p_schema = 'app' THEN s.definition ELSE replace(
            replace(s.definition, p_schema || '.', 'app.'),
            (CASE WHEN p_schema ~ '^t_[0-9a-f]{32}$' THEN substr(p_schema, 3) END)::uuid::text,
            '<tenant>'
        ) END
    FROM (
        SELECT t.table_name, 'table' AS kind, '' AS name, '' AS definition
        FROM tenancy_private.cloned_table(p_schema) AS t
        UNION ALL
        SELECT c.* FROM tenancy_private.structure_of_columns(p_schema) AS c
        UNION ALL
        SELECT k.* FROM tenancy_private.structure_of_keys(p_schema) AS k
        UNION ALL
        SELECT r.* FROM tenancy_private.structure_of_rules(p_schema) AS r
        UNION ALL
        SELECT g.* FROM tenancy_private.structure_of_grants(p_schema) AS g
        UNION ALL
        SELECT m.* FROM tenancy_private.structure_of_comments(p_schema) AS m
    ) AS s;
$function$;

COMMENT ON FUNCTION tenancy_private.structure_of(name) IS
'Tables, columns, keys, rules, grants and comments, with definitions that are equal where the structure is.';

ALTER FUNCTION tenancy_private.structure_of(name) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy_private.structure_of(name) FROM public;

-- include: functions/tenancy_private/drift_of.sql
-- tenancy_private.drift_of(p_schema): what differs between app and a tenant's own schema.
--
-- Tests:       tests/functions/tenancy/test_own_schema.py

CREATE OR REPLACE FUNCTION tenancy_private.drift_of(p_schema name)
RETURNS TABLE (table_name name, kind text, name text, wanted text, found text)
LANGUAGE sql
STABLE
SECURITY DEFINER
ROWS 10
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT
        coalesce(w.table_name, f.table_name), coalesce(w.kind, f.kind), coalesce(w.name, f.name),
        w.definition, f.definition
    FROM tenancy_private.structure_of('app') AS w
    FULL JOIN tenancy_private.structure_of(p_schema) AS f
        ON w.table_name = f.table_name AND w.kind = f.kind AND w.name = f.name
    WHERE w.definition IS DISTINCT FROM f.definition;
$function$;

COMMENT ON FUNCTION tenancy_private.drift_of(name) IS
'One row for each part that app has otherwise (wanted) than this schema (found); NULL where one has none.';

ALTER FUNCTION tenancy_private.drift_of(name) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy_private.drift_of(name) FROM public;
GRANT EXECUTE ON FUNCTION tenancy_private.drift_of(name)
TO tenancy_owner;

-- include: functions/tenancy_private/rehomed.sql
-- tenancy_private.rehomed(p_definition, p_schema): a definition of app, for a tenant's schema.
--
-- Names:       registered tables of app only; functions of app serve every schema.
-- Tests:       tests/functions/tenancy/test_own_schema.py

CREATE OR REPLACE FUNCTION tenancy_private.rehomed(p_definition text, p_schema name)
RETURNS text
LANGUAGE sql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT regexp_replace(
        replace(
            p_definition, '<tenant>',
            (CASE WHEN p_schema ~ '^t_[0-9a-f]{32}$' THEN substr(p_schema, 3) END)::uuid::text
        ),
        '\mapp\.(' || string_agg(p.table_name, '|') || ')\M', p_schema || '.\1', 'g'
    )
    FROM tenancy.protected_table AS p
    WHERE p.schema_name = 'app';
$function$;

COMMENT ON FUNCTION tenancy_private.rehomed(text, name) IS
'A definition of structure_of(), with the names of this schema and of its tenant.';

ALTER FUNCTION tenancy_private.rehomed(text, name) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy_private.rehomed(text, name) FROM public;

-- include: functions/tenancy_private/structure_kind.sql
-- tenancy_private.structure_kind(): how each part of a table is undone, made and changed, and when.
--
-- Arguments:   of format(): 1 table, 2 name, 3 definition, 4 and 5 privilege and role, 6 schema,
--              7 what a comment is on, 8 the table's name alone.
-- NULL:        as change: undo, then make.
-- Tests:       tests/functions/tenancy/test_own_schema.py

CREATE OR REPLACE FUNCTION tenancy_private.structure_kind()
RETURNS TABLE (kind text, undo_at integer, make_at integer, undo text, make text, change text)
LANGUAGE sql
IMMUTABLE
SECURITY DEFINER
ROWS 15
SET search_path = pg_catalog, pg_temp
AS $function$
    VALUES
    ('table', 0, 10, NULL, 'CREATE TABLE %1$s (LIKE app.%8$I INCLUDING DEFAULTS INCLUDING GENERATED '
        'INCLUDING IDENTITY INCLUDING STORAGE INCLUDING COMPRESSION INCLUDING COMMENTS)', NULL),
    ('column', 5, 11, 'ALTER TABLE %1$s DROP COLUMN %2$I', 'ALTER TABLE %1$s ADD COLUMN %2$I %3$s',
        'ALTER TABLE %1$s ALTER COLUMN %2$I TYPE %3$s'),
    ('default', 4, 12, 'ALTER TABLE %1$s ALTER COLUMN %2$I DROP DEFAULT',
        'ALTER TABLE %1$s ALTER COLUMN %2$I SET DEFAULT %3$s', ''),
    ('not null', 4, 13, 'ALTER TABLE %1$s ALTER COLUMN %2$I DROP NOT NULL',
        'ALTER TABLE %1$s ALTER COLUMN %2$I SET NOT NULL', NULL),
    ('key', 3, 14, 'ALTER TABLE %1$s DROP CONSTRAINT %2$I',
        'ALTER TABLE %1$s ADD CONSTRAINT %2$I %3$s', NULL),
    ('check', 3, 14, 'ALTER TABLE %1$s DROP CONSTRAINT %2$I',
        'ALTER TABLE %1$s ADD CONSTRAINT %2$I %3$s', NULL),
    ('index', 3, 14, 'DROP INDEX %6$I.%2$I', '%3$s', NULL),
    ('foreign key', 2, 15, 'ALTER TABLE %1$s DROP CONSTRAINT %2$I',
        'ALTER TABLE %1$s ADD CONSTRAINT %2$I %3$s', NULL),
    ('trigger', 1, 16, 'DROP TRIGGER %2$I ON %1$s', '%3$s', NULL),
    ('trigger state', 1, 17, 'ALTER TABLE %1$s ENABLE TRIGGER %2$I',
        'ALTER TABLE %1$s %3$s TRIGGER %2$I', NULL),
    ('row security', 9, 17, 'ALTER TABLE %1$s NO %3$s', 'ALTER TABLE %1$s %3$s', NULL),
    ('policy', 1, 17, 'DROP POLICY %2$I ON %1$s', 'CREATE POLICY %2$I ON %1$s %3$s', NULL),
    ('grant', 1, 18, 'REVOKE %4$s ON %1$s FROM %5$s', 'GRANT %4$s ON %1$s TO %5$s', NULL),
    ('column grant', 1, 18, 'REVOKE %4$s ON %1$s FROM %5$s', 'GRANT %4$s (%3$s) ON %1$s TO %5$s',
        NULL),
    ('comment', 9, 19, 'COMMENT ON %7$s IS NULL', 'COMMENT ON %7$s IS %3$s', '');
$function$;

COMMENT ON FUNCTION tenancy_private.structure_kind() IS
'Formats and order of the statements that bring a cloned table up to date; an empty change is made like anew.';

ALTER FUNCTION tenancy_private.structure_kind() OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy_private.structure_kind() FROM public;

-- include: functions/tenancy_private/drift_ddl.sql
-- tenancy_private.drift_ddl(p_schema, p_drop): the statements that end a drift, in order.
--
-- Columns:     one that app has no more goes on demand only: its data would go with it.
-- Tests:       tests/functions/tenancy/test_own_schema.py

CREATE OR REPLACE FUNCTION tenancy_private.drift_ddl(p_schema name, p_drop boolean)
RETURNS TABLE (place integer, statement text)
LANGUAGE sql
STABLE
SECURITY DEFINER
ROWS 100
SET search_path = pg_catalog, pg_temp
AS $function$
    WITH drift AS MATERIALIZED (
        SELECT
            d.*,
            d.wanted || coalesce(' DEFAULT ' || max(d.wanted) FILTER (WHERE d.kind = 'default')
                OVER (PARTITION BY d.table_name, d.name), '') AS new_column,
            bool_or(d.kind = 'table') OVER (PARTITION BY d.table_name) AS is_new,
            format('%I.%I', p_schema, d.table_name) AS target
        FROM tenancy_private.drift_of(p_schema) AS d
    )

    SELECT s.place, format(
        s.format, d.target, d.name,
        tenancy_private.rehomed(
            CASE WHEN d.kind = 'column' AND d.found IS NULL THEN d.new_column ELSE d.wanted END, p_schema
        ),
        split_part(d.name, ' ', 1), split_part(d.name, ' ', 2), p_schema,
        replace(d.name, '%s', d.target), d.table_name
    )
    FROM drift AS d
    INNER JOIN tenancy_private.structure_kind() AS k ON d.kind = k.kind
    CROSS JOIN LATERAL (
        SELECT k.undo_at, k.undo
        WHERE d.found IS NOT NULL AND (d.wanted IS NULL OR k.change IS NULL)
          AND (p_drop OR d.kind <> 'column')
        UNION ALL
        SELECT k.make_at, CASE WHEN d.found IS NULL THEN k.make ELSE coalesce(nullif(k.change, ''), k.make) END
        WHERE d.wanted IS NOT NULL AND NOT (d.is_new AND (
            d.kind IN ('column', 'default', 'not null')
            OR (d.kind = 'comment' AND d.name LIKE 'COLUMN %')
        ))
    ) AS s (place, format)
    WHERE s.format IS NOT NULL
    ORDER BY s.place, d.table_name, d.name;
$function$;

COMMENT ON FUNCTION tenancy_private.drift_ddl(name, boolean) IS
'Statements that make a tenant''s own schema like app; p_drop: columns too many as well.';

ALTER FUNCTION tenancy_private.drift_ddl(name, boolean) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy_private.drift_ddl(name, boolean) FROM public;
GRANT EXECUTE ON FUNCTION tenancy_private.drift_ddl(name, boolean)
TO tenancy_owner;

-- include: functions/tenancy_private/forget_context.sql
-- tenancy_private.forget_context(): outside again, after a function of the platform was inside.
--
-- Only where:  nothing of a client ran inside, so that no cursor and no deferred trigger of the
--              tenant is left. tenancy.leave() signs an end instead.
-- Tests:       tests/functions/tenancy/test_move_tenant.py

CREATE OR REPLACE FUNCTION tenancy_private.forget_context()
RETURNS void
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    SET LOCAL tenancy.context = '';
    SET LOCAL tenancy.request = '';
END;
$function$;

COMMENT ON FUNCTION tenancy_private.forget_context() IS
'Take back the context that a function of the platform signed for itself.';

ALTER FUNCTION tenancy_private.forget_context() OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy_private.forget_context() FROM public;

-- include: functions/tenancy_private/function_digest.sql
-- tenancy_private.function_digest(p_function): what a function is, in 64 digits.
--
-- Covers:      its text, settings and owner; not the functions that it calls.
-- Tests:       tests/functions/tenancy/test_backfill.py

CREATE OR REPLACE FUNCTION tenancy_private.function_digest(p_function regprocedure)
RETURNS text
LANGUAGE plpgsql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    RETURN (
        SELECT encode(sha256(convert_to(
            concat_ws(E'\n', pg_get_functiondef(p.oid), p.proowner::regrole), 'UTF8'
        )), 'hex')
        FROM pg_proc AS p
        WHERE p.oid = p_function
    );
END;
$function$;

COMMENT ON FUNCTION tenancy_private.function_digest(regprocedure) IS
'SHA-256 of the definition and owner of a function.';

ALTER FUNCTION tenancy_private.function_digest(regprocedure) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy_private.function_digest(regprocedure) FROM public;

-- include: functions/tenancy_private/move_tables.sql
-- tenancy_private.move_tables(p_tenant_id, p_placement): copy parents first, delete children first.
--
-- Tests:       tests/functions/tenancy/test_move_tenant.py

CREATE OR REPLACE FUNCTION tenancy_private.move_tables(p_tenant_id uuid, p_placement text)
RETURNS TABLE (resource text, rows bigint)
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_step record;
    v_from name := CASE p_placement WHEN 'dedicated' THEN 'app'
        ELSE tenancy_private.own_schema_of(p_tenant_id) END;
    v_to name := CASE p_placement WHEN 'shared' THEN 'app'
        ELSE tenancy_private.own_schema_of(p_tenant_id) END;
    v_done regclass[] := '{}';
BEGIN
    PERFORM tenancy_private.sign_context(
        p_tenant_id, NULL, 'operator', '{"purpose": "move"}', true
    );
    FOR v_step IN
        SELECT o.relation, t.table_name, u.relation AS target
        FROM tenancy.table_order(true) AS o
        INNER JOIN tenancy_private.cloned_table(v_from) AS t ON o.relation = t.relation
        INNER JOIN tenancy_private.cloned_table(v_to) AS u ON t.table_name = u.table_name
        ORDER BY o.place DESC, t.table_name
    LOOP
        resource := 'app.' || v_step.table_name;
        rows := app.move_rows(v_step.relation, v_step.target);
        v_done := v_step.relation || v_done;
        RETURN NEXT;
    END LOOP;

    PERFORM FROM unnest(v_done) WITH ORDINALITY AS d (relation, place)
    CROSS JOIN LATERAL app.delete_rows(ARRAY[d.relation], NULL);
    IF p_placement = 'shared' THEN
        PERFORM app.drop_schema(p_tenant_id);
        DELETE FROM tenancy_private.tenant_schema AS s WHERE s.tenant_id = p_tenant_id;
    END IF;

    UPDATE tenancy_private.tenant SET placement = p_placement WHERE id = p_tenant_id;
    PERFORM tenancy_private.forget_context();
END;
$function$;

COMMENT ON FUNCTION tenancy_private.move_tables(uuid, text) IS
'Enter the tenant as a job, move its rows between app and its own schema, and leave; the rows per table.';

ALTER FUNCTION tenancy_private.move_tables(uuid, text) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy_private.move_tables(uuid, text) FROM public;

-- include: functions/tenancy_private/own_schema_of.sql
-- tenancy_private.own_schema_of(p_tenant_id): the name of a tenant's own schema.
--
-- Tests:       tests/functions/tenancy/test_own_schema.py

CREATE OR REPLACE FUNCTION tenancy_private.own_schema_of(p_tenant_id uuid)
RETURNS name
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT 't_' || replace(p_tenant_id::text, '-', '');
$function$;

COMMENT ON FUNCTION tenancy_private.own_schema_of(uuid) IS
'The name of the schema a tenant has, or would have, of its own.';

ALTER FUNCTION tenancy_private.own_schema_of(uuid) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy_private.own_schema_of(uuid) FROM public;
GRANT EXECUTE ON FUNCTION tenancy_private.own_schema_of(uuid)
TO tenancy_owner;

-- include: functions/tenancy_private/platform_role.sql
-- tenancy_private.platform_role(): who on the platform calls, or NULL.
--
-- Outside:     nobody is the platform while inside a tenant: a ticket for one tenant must not end
--              another. Nor while a backfill runs code of a team, which may clear the context.
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
        WHEN tenancy_private.claimed_tenant() IS NOT NULL THEN NULL
        WHEN current_setting('role') = 'tenancy_admin' THEN 'admin'
        WHEN current_setting('role') = 'tenancy_operator' THEN 'operator'
    END;
END;
$function$;

COMMENT ON FUNCTION tenancy_private.platform_role() IS
'admin or operator, for the role in force outside any tenant; else NULL.';

ALTER FUNCTION tenancy_private.platform_role() OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy_private.platform_role() FROM public;

-- include: functions/tenancy_private/relation_for.sql
-- tenancy_private.relation_for(p_table): where the current tenant's rows of a table are.
--
-- For:         definers, which name a table of app and mean the tenant's.
-- Tests:       tests/functions/tenancy/test_own_schema.py

CREATE OR REPLACE FUNCTION tenancy_private.relation_for(p_table regclass)
RETURNS regclass
LANGUAGE plpgsql
STABLE
PARALLEL RESTRICTED
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_schema name := tenancy.own_schema();
BEGIN
    IF v_schema IS NULL THEN
        RETURN p_table;
    END IF;

    RETURN coalesce(
        (
            SELECT c.oid
            FROM pg_class AS t
            INNER JOIN pg_namespace AS n ON n.nspname = v_schema
            INNER JOIN pg_class AS c ON n.oid = c.relnamespace AND t.relname = c.relname
            WHERE t.oid = p_table AND t.relnamespace = 'app'::regnamespace
        ),
        p_table
    );
END;
$function$;

COMMENT ON FUNCTION tenancy_private.relation_for(regclass) IS
'For a table of app, the table of the same name in the current tenant''s own schema, if it has one; else the table itself.';

ALTER FUNCTION tenancy_private.relation_for(regclass) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy_private.relation_for(regclass) FROM public;
GRANT EXECUTE ON FUNCTION tenancy_private.relation_for(regclass)
TO tenancy_owner;

-- include: functions/tenancy_private/require_operator.sql
-- tenancy_private.require_operator(): only the platform's jobs go on, outside any tenant.
--
-- Login:       a function that a backfill runs may RESET ROLE to the login. One that is above row
--              security, or may be an owner or the console, would give it more than a job has.
-- Raises:      TN002 not tenancy_operator outside any tenant, or such a login.
-- Tests:       tests/functions/tenancy/test_backfill.py

CREATE OR REPLACE FUNCTION tenancy_private.require_operator()
RETURNS void
LANGUAGE plpgsql
STABLE
PARALLEL RESTRICTED
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    PERFORM tenancy_private.require_platform('{operator}');

    IF EXISTS (
        SELECT
        FROM pg_roles AS r
        WHERE (r.rolsuper OR r.rolbypassrls OR r.rolname IN (
            'tenancy_kernel', 'tenancy_owner', 'tenancy_auditor', 'tenancy_admin'
        )) AND pg_has_role(session_user, r.oid, 'MEMBER')
    ) THEN
        RAISE EXCEPTION 'not permitted' USING
            ERRCODE = 'TN002',
            HINT = format('Log in as tenancy_operator: %I may more than a job.', session_user);
    END IF;
END;
$function$;

COMMENT ON FUNCTION tenancy_private.require_operator() IS
'Refuse whoever is not tenancy_operator outside any tenant, and logins that may more. Raises TN002.';

ALTER FUNCTION tenancy_private.require_operator() OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy_private.require_operator() FROM public;

-- include: functions/tenancy_private/require_platform.sql
-- tenancy_private.require_platform(p_roles): only the platform goes on, outside any tenant.
--
-- Roles:       admin, the console, unless others are named.
-- Raises:      TN002 none of these roles outside any tenant.
-- Tests:       tests/functions/tenancy/test_create_tenant.py, test_own_schema.py

CREATE OR REPLACE FUNCTION tenancy_private.require_platform(p_roles text[] DEFAULT '{admin}')
RETURNS void
LANGUAGE plpgsql
STABLE
PARALLEL RESTRICTED
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    IF (tenancy_private.platform_role() = ANY (p_roles)) IS NOT TRUE THEN
        RAISE EXCEPTION 'not permitted' USING
            ERRCODE = 'TN002',
            HINT = format(
                'SET ROLE tenancy_%s outside any tenant.', array_to_string(p_roles, ' or tenancy_')
            );
    END IF;
END;
$function$;

COMMENT ON FUNCTION tenancy_private.require_platform(text[]) IS
'Refuse whoever is none of these roles (admin, operator) outside any tenant. Raises TN002.';

ALTER FUNCTION tenancy_private.require_platform(text[]) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy_private.require_platform(text[]) FROM public;

-- include: functions/tenancy_private/schema_stamp.sql
-- tenancy_private.schema_stamp(p_schema): changes whenever the catalog of a schema's tables does.
--
-- Cheap:       ids and row versions of the catalog; no definition is written out.
-- By index:    a thousand new schemas are a large catalog that has no statistics yet.
-- Tests:       tests/functions/tenancy/test_own_schema.py

CREATE OR REPLACE FUNCTION tenancy_private.schema_stamp(p_schema name)
RETURNS numeric
LANGUAGE sql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET enable_hashjoin = off
SET enable_mergejoin = off
AS $function$
    WITH cloned AS MATERIALIZED (
        SELECT t.relation FROM tenancy_private.cloned_table(p_schema) AS t
    )

    SELECT sum(hashtextextended(concat_ws(' ', v.class, v.id, v.part, v.version), 0))
    FROM cloned AS t
    CROSS JOIN LATERAL (
        SELECT 1, c.oid, 0, c.xmin FROM pg_class AS c WHERE c.oid = t.relation
        UNION ALL
        SELECT 2, a.attrelid, a.attnum, a.xmin FROM pg_attribute AS a WHERE a.attrelid = t.relation
        UNION ALL
        SELECT 3, d.oid, 0, d.xmin FROM pg_attrdef AS d WHERE d.adrelid = t.relation
        UNION ALL
        SELECT 4, k.oid, 0, k.xmin FROM pg_constraint AS k WHERE k.conrelid = t.relation
        UNION ALL
        SELECT 5, i.indexrelid, 0, i.xmin FROM pg_index AS i WHERE i.indrelid = t.relation
        UNION ALL
        SELECT 6, g.oid, 0, g.xmin FROM pg_trigger AS g WHERE g.tgrelid = t.relation
        UNION ALL
        SELECT 7, p.oid, 0, p.xmin FROM pg_policy AS p WHERE p.polrelid = t.relation
        UNION ALL
        SELECT 8, d.objoid, d.objsubid, d.xmin FROM pg_description AS d
        WHERE d.objoid = t.relation AND d.classoid = 'pg_class'::regclass
    ) AS v (class, id, part, version);
$function$;

COMMENT ON FUNCTION tenancy_private.schema_stamp(name) IS
'A number that stays while nobody changes the cloned tables of a schema; NULL without any.';

ALTER FUNCTION tenancy_private.schema_stamp(name) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy_private.schema_stamp(name) FROM public;

-- include: functions/tenancy_private/tenant_table.sql
-- tenancy_private.tenant_table(): every table with a tenant_id, and who may empty it.
--
-- Own schema:  only that of the tenant in context: the others' hold no row of it.
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
        ON p.schema_name = tenancy_private.home_schema(n.nspname) AND c.relname = p.table_name
    LEFT JOIN tenancy.kept_table AS k ON n.nspname = k.schema_name AND c.relname = k.table_name
    WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relpersistence <> 't'
      AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
      AND n.nspname IN (tenancy_private.home_schema(n.nspname), (
          SELECT tenancy_private.own_schema_of(tenancy.tenant_id())
      ));
$function$;

COMMENT ON FUNCTION tenancy_private.tenant_table() IS
'Tables of the database with a tenant_id: registered, kernel, kept or unreachable.';

ALTER FUNCTION tenancy_private.tenant_table() OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy_private.tenant_table() FROM public;

-- include: functions/tenancy_private/wait_for_others.sql
-- tenancy_private.wait_for_others(p_wait): until those who are inside a tenant now have ended.
--
-- Why:         a status that was committed binds who enters later, not who entered before.
-- Raises:      TN042 some are still open; their pids are in the message.
-- Tests:       tests/functions/tenancy/test_move_tenant.py

CREATE OR REPLACE FUNCTION tenancy_private.wait_for_others(p_wait interval)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_until timestamptz := clock_timestamp() + p_wait;
    v_before text[] := ARRAY(
        SELECT t.virtualtransaction FROM tenancy.transactions_in_context() AS t
    );
    v_pids text;
BEGIN
    LOOP
        SELECT string_agg(DISTINCT t.pid::text, ', ') INTO v_pids
        FROM tenancy.transactions_in_context() AS t
        WHERE t.virtualtransaction = ANY (v_before);
        EXIT WHEN v_pids IS NULL;
        IF clock_timestamp() > v_until THEN
            RAISE EXCEPTION 'transactions that began earlier are open: pid %', v_pids USING
                ERRCODE = 'TN042', HINT = 'Call again when they have ended.';
        END IF;

        PERFORM pg_sleep(0.01);
    END LOOP;
END;
$function$;

COMMENT ON FUNCTION tenancy_private.wait_for_others(interval) IS
'Wait, at most so long, for the transactions that may have entered a tenant before this call. Raises TN042.';

ALTER FUNCTION tenancy_private.wait_for_others(interval) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy_private.wait_for_others(interval) FROM public;

-- include: sql/triggers/app/analytics.sql
-- sql/triggers/app/analytics.sql

CREATE OR REPLACE TRIGGER _100_keep_identity
BEFORE UPDATE ON app.analytics
FOR EACH ROW EXECUTE FUNCTION tenancy.tg_keep_identity();

CREATE OR REPLACE TRIGGER _200_touch
BEFORE UPDATE ON app.analytics
FOR EACH ROW EXECUTE FUNCTION app.tg_touch();

CREATE OR REPLACE TRIGGER _010_refuse_misplaced
BEFORE INSERT ON app.analytics
FOR EACH STATEMENT EXECUTE FUNCTION tenancy.tg_refuse_misplaced();

-- include: sql/triggers/app/bookings.sql
-- sql/triggers/app/bookings.sql

CREATE OR REPLACE TRIGGER _100_keep_identity
BEFORE UPDATE ON app.bookings
FOR EACH ROW EXECUTE FUNCTION tenancy.tg_keep_identity();

CREATE OR REPLACE TRIGGER _200_touch
BEFORE UPDATE ON app.bookings
FOR EACH ROW EXECUTE FUNCTION app.tg_touch();

CREATE OR REPLACE TRIGGER _010_refuse_misplaced
BEFORE INSERT ON app.bookings
FOR EACH STATEMENT EXECUTE FUNCTION tenancy.tg_refuse_misplaced();

-- include: sql/triggers/app/customers.sql
-- sql/triggers/app/customers.sql

CREATE OR REPLACE TRIGGER _100_keep_identity
BEFORE UPDATE ON app.customers
FOR EACH ROW EXECUTE FUNCTION tenancy.tg_keep_identity();

CREATE OR REPLACE TRIGGER _200_touch
BEFORE UPDATE ON app.customers
FOR EACH ROW EXECUTE FUNCTION app.tg_touch();

CREATE OR REPLACE TRIGGER _010_refuse_misplaced
BEFORE INSERT ON app.customers
FOR EACH STATEMENT EXECUTE FUNCTION tenancy.tg_refuse_misplaced();

-- include: sql/triggers/app/guests.sql
-- sql/triggers/app/guests.sql

CREATE OR REPLACE TRIGGER _100_keep_identity
BEFORE UPDATE ON app.guests
FOR EACH ROW EXECUTE FUNCTION tenancy.tg_keep_identity();

CREATE OR REPLACE TRIGGER _200_touch
BEFORE UPDATE ON app.guests
FOR EACH ROW EXECUTE FUNCTION app.tg_touch();

CREATE OR REPLACE TRIGGER _010_refuse_misplaced
BEFORE INSERT ON app.guests
FOR EACH STATEMENT EXECUTE FUNCTION tenancy.tg_refuse_misplaced();

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

CREATE OR REPLACE TRIGGER _010_refuse_misplaced
BEFORE INSERT ON app.orders
FOR EACH STATEMENT EXECUTE FUNCTION tenancy.tg_refuse_misplaced();

-- include: sql/triggers/app/patients.sql
-- sql/triggers/app/patients.sql

CREATE OR REPLACE TRIGGER _100_keep_identity
BEFORE UPDATE ON app.patients
FOR EACH ROW EXECUTE FUNCTION tenancy.tg_keep_identity();

CREATE OR REPLACE TRIGGER _200_touch
BEFORE UPDATE ON app.patients
FOR EACH ROW EXECUTE FUNCTION app.tg_touch();

CREATE OR REPLACE TRIGGER _010_refuse_misplaced
BEFORE INSERT ON app.patients
FOR EACH STATEMENT EXECUTE FUNCTION tenancy.tg_refuse_misplaced();

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

CREATE OR REPLACE TRIGGER _010_refuse_misplaced
BEFORE INSERT ON app.pin_comments
FOR EACH STATEMENT EXECUTE FUNCTION tenancy.tg_refuse_misplaced();

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

CREATE OR REPLACE TRIGGER _010_refuse_misplaced
BEFORE INSERT ON app.pins
FOR EACH STATEMENT EXECUTE FUNCTION tenancy.tg_refuse_misplaced();

-- include: sql/triggers/app/reservations.sql
-- sql/triggers/app/reservations.sql

CREATE OR REPLACE TRIGGER _100_keep_identity
BEFORE UPDATE ON app.reservations
FOR EACH ROW EXECUTE FUNCTION tenancy.tg_keep_identity();

CREATE OR REPLACE TRIGGER _200_touch
BEFORE UPDATE ON app.reservations
FOR EACH ROW EXECUTE FUNCTION app.tg_touch();

CREATE OR REPLACE TRIGGER _010_refuse_misplaced
BEFORE INSERT ON app.reservations
FOR EACH STATEMENT EXECUTE FUNCTION tenancy.tg_refuse_misplaced();

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

CREATE OR REPLACE TRIGGER _010_refuse_misplaced
BEFORE INSERT ON app.settings
FOR EACH STATEMENT EXECUTE FUNCTION tenancy.tg_refuse_misplaced();

-- include: sql/triggers/app/storage_buckets.sql
-- sql/triggers/app/storage_buckets.sql

CREATE OR REPLACE TRIGGER _100_keep_identity
BEFORE UPDATE ON app.storage_buckets
FOR EACH ROW EXECUTE FUNCTION tenancy.tg_keep_identity();

CREATE OR REPLACE TRIGGER _200_touch
BEFORE UPDATE ON app.storage_buckets
FOR EACH ROW EXECUTE FUNCTION app.tg_touch();

CREATE OR REPLACE TRIGGER _010_refuse_misplaced
BEFORE INSERT ON app.storage_buckets
FOR EACH STATEMENT EXECUTE FUNCTION tenancy.tg_refuse_misplaced();

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

CREATE OR REPLACE TRIGGER _010_refuse_misplaced
BEFORE INSERT ON app.storage_objects
FOR EACH STATEMENT EXECUTE FUNCTION tenancy.tg_refuse_misplaced();

-- include: sql/triggers/app/survey_responses.sql
-- sql/triggers/app/survey_responses.sql

CREATE OR REPLACE TRIGGER _100_keep_identity
BEFORE UPDATE ON app.survey_responses
FOR EACH ROW EXECUTE FUNCTION tenancy.tg_keep_identity();

CREATE OR REPLACE TRIGGER _200_touch
BEFORE UPDATE ON app.survey_responses
FOR EACH ROW EXECUTE FUNCTION app.tg_touch();

CREATE OR REPLACE TRIGGER _010_refuse_misplaced
BEFORE INSERT ON app.survey_responses
FOR EACH STATEMENT EXECUTE FUNCTION tenancy.tg_refuse_misplaced();

-- include: sql/views/tenancy/registered_table.sql
-- tenancy.registered_table: the registry, with the tables of tenants' own schemas.
--
-- Own schema:  has the tables of app, whether they are there or not: one that is missing shows.
-- Tests:       tests/functions/tenancy/test_own_schema.py

CREATE OR REPLACE VIEW tenancy.registered_table
WITH (security_invoker = true) AS
SELECT
    p.schema_name,
    p.table_name,
    p.subject_column,
    p.server_columns,
    p.schema_name || '.' || p.table_name AS resource,
    NULL::uuid AS tenant_id
FROM tenancy.protected_table AS p
UNION ALL
SELECT
    n.nspname AS schema_name,
    p.table_name,
    p.subject_column,
    p.server_columns,
    p.schema_name || '.' || p.table_name AS resource,
    CASE WHEN n.nspname ~ '^t_[0-9a-f]{32}$' THEN substr(n.nspname, 3)::uuid END AS tenant_id
FROM tenancy.protected_table AS p
INNER JOIN pg_catalog.pg_namespace AS n ON n.nspname ~ '^t_[0-9a-f]{32}$'
WHERE p.schema_name = 'app';

COMMENT ON VIEW tenancy.registered_table IS
'Protected tables: those of tenancy.protected_table, and the same of app in each tenant''s own schema.';
COMMENT ON COLUMN tenancy.registered_table.schema_name IS 'Schema of the table.';
COMMENT ON COLUMN tenancy.registered_table.table_name IS 'Name of the table.';
COMMENT ON COLUMN tenancy.registered_table.subject_column IS 'Column with the person a row is about.';
COMMENT ON COLUMN tenancy.registered_table.server_columns IS 'Columns that only triggers write.';
COMMENT ON COLUMN tenancy.registered_table.resource IS 'Name in tenancy.access_matrix.';
COMMENT ON COLUMN tenancy.registered_table.tenant_id IS 'Whose own schema; NULL for shared tables.';

ALTER VIEW tenancy.registered_table OWNER TO tenancy_kernel;
GRANT SELECT ON tenancy.registered_table
TO pg_database_owner, tenancy_builder, tenancy_owner, tenancy_admin;

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
