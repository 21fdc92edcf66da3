-- Add lifecycle.
-- depends: 0016.create-lifecycle
-- stamped from the sources: make migration

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

-- clear: functions/tenancy/mint_system_context.sql
DROP FUNCTION tenancy.mint_system_context(uuid, text);

-- clear: functions/tenancy/set_tenant_status.sql
DROP FUNCTION tenancy.set_tenant_status(uuid, text);

-- clear: functions/tenancy_private/may_enter.sql
DROP FUNCTION tenancy_private.may_enter(uuid, jsonb);

-- include: functions/app/count_rows.sql
-- app.count_rows(p_table): how many rows the tenant has in a table.
--
-- Tests:       tests/functions/tenancy/test_purge.py

CREATE OR REPLACE FUNCTION app.count_rows(p_table regclass)
RETURNS bigint
LANGUAGE plpgsql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_rows bigint;
BEGIN
    EXECUTE format(
        'SELECT count(*) FROM %s WHERE tenant_id = (SELECT tenancy.tenant_id())', p_table
    ) INTO v_rows;
    RETURN v_rows;
END;
$function$;

COMMENT ON FUNCTION app.count_rows(regclass) IS
'Rows of the tenant in force.';

ALTER FUNCTION app.count_rows(regclass) OWNER TO tenancy_owner;
REVOKE ALL ON FUNCTION app.count_rows(regclass) FROM public;
GRANT EXECUTE ON FUNCTION app.count_rows(regclass)
TO tenancy_kernel;

-- include: functions/app/delete_rows.sql
-- app.delete_rows(p_tables, p_limit): delete rows of the tenant.
--
-- Several:     tables that reference each other are emptied by one statement, whatever p_limit is:
--              a foreign key is checked at its end. So is a table that references itself.
-- Raises:      TN002 neither a purge nor an import.
-- Tests:       tests/functions/tenancy/test_purge.py

CREATE OR REPLACE FUNCTION app.delete_rows(p_tables regclass[], p_limit integer)
RETURNS TABLE (relation regclass, rows bigint)
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_is_bounded boolean := p_limit IS NOT NULL AND cardinality(p_tables) = 1 AND NOT EXISTS (
        SELECT
        FROM pg_constraint AS k
        WHERE k.contype = 'f' AND p_tables[1] = k.conrelid AND k.conrelid = k.confrelid
    );
    v_deletes text;
    v_counts text;
BEGIN
    IF NOT tenancy.is_lifecycle_job() THEN
        RAISE EXCEPTION 'not permitted' USING
            ERRCODE = 'TN002', HINT = 'tenancy.purge_tenant_batch() deletes tenants.';
    END IF;

    SELECT
        string_agg(format(
            'd%s AS (DELETE FROM %s WHERE tenant_id = (SELECT tenancy.tenant_id())%s RETURNING 1)',
            t.number, t.name, CASE WHEN v_is_bounded THEN format(
                ' AND ctid = ANY (ARRAY(SELECT ctid FROM %s '
                'WHERE tenant_id = (SELECT tenancy.tenant_id()) LIMIT $1))', t.name
            ) END
        ), ', '),
        string_agg(
            format('SELECT %L::regclass, count(*) FROM d%s', t.name, t.number), ' UNION ALL '
        )
    INTO v_deletes, v_counts
    FROM unnest(p_tables) WITH ORDINALITY AS t (name, number);

    FOR relation, rows IN EXECUTE format('WITH %s %s', v_deletes, v_counts) USING p_limit LOOP
        RETURN NEXT;
    END LOOP;
END;
$function$;

COMMENT ON FUNCTION app.delete_rows(regclass[], integer) IS
'Delete at most p_limit rows of the tenant (NULL: all) and return their number by table. Raises TN002.';

ALTER FUNCTION app.delete_rows(regclass[], integer) OWNER TO tenancy_owner;
REVOKE ALL ON FUNCTION app.delete_rows(regclass[], integer) FROM public;
GRANT EXECUTE ON FUNCTION app.delete_rows(regclass[], integer)
TO tenancy_kernel;

-- include: functions/app/digest_rows.sql
-- app.digest_rows(p_table): what an import left in a table.
--
-- Why:         a trigger that changed imported rows would go unnoticed otherwise.
-- Raises:      TN002 no import.
-- Tests:       tests/functions/tenancy/test_import.py

CREATE OR REPLACE FUNCTION app.digest_rows(
    p_table regclass,
    OUT rows bigint,
    OUT digest numeric
)
RETURNS record
LANGUAGE plpgsql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_columns text;
BEGIN
    PERFORM tenancy_private.require_job('import');
    SELECT string_agg(quote_ident(c.name), ', ') INTO v_columns
    FROM tenancy_private.archive_columns(p_table) AS c;
    EXECUTE format(
        'SELECT count(*), coalesce(sum(hashtextextended(row_to_json(r)::text, 0)), 0) FROM '
        '(SELECT %s FROM %s WHERE tenant_id = (SELECT tenancy.tenant_id())) AS r',
        v_columns, p_table
    ) INTO rows, digest;
END;
$function$;

COMMENT ON FUNCTION app.digest_rows(regclass) IS
'Number and digest of the tenant''s rows, as app.import_rows() counts them. Raises TN002.';

ALTER FUNCTION app.digest_rows(regclass) OWNER TO tenancy_owner;
REVOKE ALL ON FUNCTION app.digest_rows(regclass) FROM public;
GRANT EXECUTE ON FUNCTION app.digest_rows(regclass)
TO tenancy_operator;

-- include: functions/app/import_rows.sql
-- app.import_rows(p_table, p_rows, p_source): rows of an archive.
--
-- Wall:        a row of another tenant than p_source is refused like any row of another tenant.
-- Clone:       where p_source is not the tenant itself, ids are renamed.
-- digest:      of the rows as given, for comparison with what is there in the end.
-- Raises:      TN002 no import. 42501 a row of another tenant. 23503, 23505, 23514.
-- Tests:       tests/functions/tenancy/test_import.py

CREATE OR REPLACE FUNCTION app.import_rows(
    p_table regclass,
    p_rows json,
    p_source uuid,
    OUT rows bigint,
    OUT digest numeric
)
RETURNS record
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_tenant_id uuid := tenancy_private.require_job('import');
    v_columns text;
    v_values text;
BEGIN
    SELECT
        string_agg(quote_ident(c.name), ', '),
        string_agg(format(CASE
            WHEN p_source = v_tenant_id THEN 'r.%1$I'
            WHEN c.is_id THEN 'tenancy_private.clone_id(r.%1$I, $3) AS %1$I'
            WHEN c.name = 'tenant_id'
                THEN 'CASE r.tenant_id WHEN $2 THEN $3 ELSE r.tenant_id END AS tenant_id'
            ELSE 'r.%1$I'
        END, c.name), ', ')
    INTO v_columns, v_values
    FROM tenancy_private.archive_columns(p_table) AS c;

    EXECUTE format(
        'WITH given AS MATERIALIZED '
        '(SELECT %3$s FROM json_populate_recordset(NULL::%1$s, $1) AS r), '
        'put AS (INSERT INTO %1$s (%2$s) OVERRIDING SYSTEM VALUE SELECT %2$s FROM given) '
        'SELECT count(*), coalesce(sum(hashtextextended(row_to_json(g)::text, 0)), 0) '
        'FROM given AS g', p_table, v_columns, v_values
    ) INTO rows, digest USING p_rows, p_source, v_tenant_id;
END;
$function$;

COMMENT ON FUNCTION app.import_rows(regclass, json, uuid) IS
'Insert rows of an archive and return their number and digest. Raises TN002, 42501, 23503, 23505, 23514.';

ALTER FUNCTION app.import_rows(regclass, json, uuid) OWNER TO tenancy_owner;
REVOKE ALL ON FUNCTION app.import_rows(regclass, json, uuid) FROM public;
GRANT EXECUTE ON FUNCTION app.import_rows(regclass, json, uuid)
TO tenancy_operator;

-- include: functions/app/open_rows.sql
-- app.open_rows(p_table): a cursor over the tenant's rows, as JSON.
--
-- Why definer: a job reads no table itself; the wall holds this function in the job's tenant.
-- Cursor:      rows leave one batch at a time, whatever their number.
-- Raises:      TN002 no export.
-- Tests:       tests/functions/tenancy/test_export.py

CREATE OR REPLACE FUNCTION app.open_rows(p_table regclass)
RETURNS refcursor
LANGUAGE plpgsql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_rows refcursor;
    v_columns text;
    v_key text;
BEGIN
    PERFORM tenancy_private.require_job('export');
    SELECT
        string_agg(quote_ident(c.name), ', '),
        string_agg(quote_ident(c.name), ', ') FILTER (WHERE c.is_key)
    INTO v_columns, v_key
    FROM tenancy_private.archive_columns(p_table) AS c;

    OPEN v_rows NO SCROLL FOR EXECUTE format(
        'SELECT row_to_json(r)::text FROM (SELECT %s FROM %s '
        'WHERE tenant_id = (SELECT tenancy.tenant_id())%s) AS r',
        v_columns, p_table, ' ORDER BY ' || v_key
    );
    RETURN v_rows;
END;
$function$;

COMMENT ON FUNCTION app.open_rows(regclass) IS
'Open a cursor over the rows of the tenant in order of the key, one JSON text each. Raises TN002.';

ALTER FUNCTION app.open_rows(regclass) OWNER TO tenancy_owner;
REVOKE ALL ON FUNCTION app.open_rows(regclass) FROM public;
GRANT EXECUTE ON FUNCTION app.open_rows(regclass)
TO tenancy_operator;

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
          AND tenancy_private.may_enter(i.tenant_id, i.role, '{}')
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

-- include: functions/tenancy/begin_purge.sql
-- tenancy.begin_purge(p_archive_sha256, p_hurry_because): the point of no return.
--
-- At once:     nobody enters any more, tickets close, and every table is counted.
-- Again:       after an interruption it changes nothing.
-- Raises:      TN002 no purge. TN004 a reason to hurry that says nothing. TN020 not offboarding.
--              TN021 the grace period is not over. TN025 a table is out of reach.
-- Tests:       tests/functions/tenancy/test_purge.py

CREATE OR REPLACE FUNCTION tenancy.begin_purge(
    p_archive_sha256 text DEFAULT NULL,
    p_hurry_because text DEFAULT NULL
)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_tenant_id uuid := tenancy_private.require_job('purge');
    v_ends_at timestamptz;
BEGIN
    PERFORM tenancy_private.refuse_unreachable();
    SELECT o.grace_ends_at INTO v_ends_at
    FROM tenancy_private.tenant AS t
    INNER JOIN tenancy_private.offboarding AS o ON t.id = o.tenant_id
    WHERE t.id = v_tenant_id AND t.status IN ('offboarding', 'purging')
    FOR NO KEY UPDATE OF t;
    IF v_ends_at > clock_timestamp() AND p_hurry_because IS NULL THEN
        RAISE EXCEPTION 'the grace period ends at %', v_ends_at USING
            ERRCODE = 'TN021', HINT = 'Wait, or say why it cannot wait.';
    END IF;

    PERFORM tenancy_private.change_status(
        v_tenant_id, 'purging', coalesce(p_hurry_because, 'the grace period is over'), 'procedure'
    );
    UPDATE tenancy_private.offboarding AS o
    SET
        hurried_because = CASE WHEN v_ends_at > clock_timestamp() THEN p_hurry_because END,
        archive_sha256 = p_archive_sha256,
        purge_begun_by = session_user,
        purge_began_at = clock_timestamp()
    WHERE o.tenant_id = v_tenant_id AND o.purge_began_at IS NULL;
    UPDATE tenancy_private.access_ticket AS a SET closed_at = clock_timestamp()
    WHERE a.tenant_id = v_tenant_id AND a.closed_at IS NULL;
    PERFORM tenancy_private.open_receipt(v_tenant_id);
END;
$function$;

COMMENT ON FUNCTION tenancy.begin_purge(text, text) IS
'Close an offboarding tenant for good and count its rows. Idempotent. Raises TN002, TN004, TN020, TN021, TN025.';

ALTER FUNCTION tenancy.begin_purge(text, text) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy.begin_purge(text, text) FROM public;
GRANT EXECUTE ON FUNCTION tenancy.begin_purge(text, text)
TO tenancy_operator;

-- include: functions/tenancy/begin_restore.sql
-- tenancy.begin_restore(): make room for the rows of an archive.
--
-- Keeps:       the record, members, keys and tickets: a restore must not undo a revocation.
-- Raises:      TN002 no import. TN022 the tenant may write. TN025 a table is out of reach.
-- Tests:       tests/functions/tenancy/test_import.py

CREATE OR REPLACE FUNCTION tenancy.begin_restore()
RETURNS bigint
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_tenant_id uuid := tenancy_private.require_job('import');
BEGIN
    IF (
        SELECT s.may_write
        FROM tenancy_private.tenant AS t
        INNER JOIN tenancy.tenant_status AS s ON t.status = s.status
        WHERE t.id = v_tenant_id
    ) THEN
        RAISE EXCEPTION 'the tenant may write' USING
            ERRCODE = 'TN022', HINT = 'tenancy.set_tenant_status(…, ''read_only'', …) first.';
    END IF;

    PERFORM tenancy_private.refuse_unreachable();
    RETURN (
        SELECT coalesce(sum(d.rows), 0)
        FROM (
            SELECT o.place, array_agg(o.relation) AS tables
            FROM tenancy.table_order() AS o
            WHERE o.kind = 'registered'
            GROUP BY o.place, CASE WHEN NOT o.is_cycle THEN o.relation END
            ORDER BY o.place
        ) AS step
        CROSS JOIN LATERAL app.delete_rows(step.tables, NULL) AS d
    );
END;
$function$;

COMMENT ON FUNCTION tenancy.begin_restore() IS
'Delete the rows of a tenant that may not write, before an import, and return their number. Raises TN002, TN022, TN025.';

ALTER FUNCTION tenancy.begin_restore() OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy.begin_restore() FROM public;
GRANT EXECUTE ON FUNCTION tenancy.begin_restore()
TO tenancy_operator;

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
    PERFORM tenancy_private.require_platform();

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

-- include: functions/tenancy/export_members.sql
-- tenancy.export_members(p_after, p_limit): members of the tenant, one page.
--
-- Raises:      TN002 no export.
-- Tests:       tests/functions/tenancy/test_export.py

CREATE OR REPLACE FUNCTION tenancy.export_members(p_after uuid, p_limit integer)
RETURNS SETOF jsonb
LANGUAGE plpgsql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_tenant_id uuid := tenancy_private.require_job('export');
BEGIN
    RETURN QUERY
    SELECT to_jsonb(m)
    FROM tenancy_private.member AS m
    WHERE m.tenant_id = v_tenant_id AND (p_after IS NULL OR m.user_id > p_after)
    ORDER BY m.user_id
    LIMIT p_limit;
END;
$function$;

COMMENT ON FUNCTION tenancy.export_members(uuid, integer) IS
'Members after a user id, in order of user ids. Raises TN002.';

ALTER FUNCTION tenancy.export_members(uuid, integer) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy.export_members(uuid, integer) FROM public;
GRANT EXECUTE ON FUNCTION tenancy.export_members(uuid, integer)
TO tenancy_operator;

-- include: functions/tenancy/export_tenant.sql
-- tenancy.export_tenant(): the record of the tenant, as an archive has it.
--
-- With:        limits and feature flags of its own, which import_tenant() sets again.
-- Raises:      TN002 no export.
-- Tests:       tests/functions/tenancy/test_export.py

CREATE OR REPLACE FUNCTION tenancy.export_tenant()
RETURNS jsonb
LANGUAGE plpgsql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_tenant_id uuid := tenancy_private.require_job('export');
BEGIN
    RETURN (
        SELECT to_jsonb(t) || jsonb_build_object(
            'limits',
            (SELECT jsonb_object_agg(l.name, l.value)
                FROM tenancy_private.tenant_limit AS l WHERE l.tenant_id = t.id),
            'features',
            (SELECT jsonb_object_agg(f.feature, f.value)
                FROM tenancy_private.tenant_feature AS f WHERE f.tenant_id = t.id)
        )
        FROM tenancy_private.tenant AS t
        WHERE t.id = v_tenant_id
    );
END;
$function$;

COMMENT ON FUNCTION tenancy.export_tenant() IS
'The tenant of an export as JSON; no credential is part of it. Raises TN002.';

ALTER FUNCTION tenancy.export_tenant() OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy.export_tenant() FROM public;
GRANT EXECUTE ON FUNCTION tenancy.export_tenant()
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
    SELECT format('GRANT SELECT, INSERT, DELETE ON %s TO tenancy_owner;', p_table) AS text
    FROM pg_class AS c
    WHERE c.oid = p_table AND c.relowner <> 'tenancy_owner'::regrole
      AND EXISTS (SELECT FROM target)
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

-- include: functions/tenancy/import_members.sql
-- tenancy.import_members(p_members): members of an archive.
--
-- Raises:      TN002 no import. 23505, 23514.
-- Tests:       tests/functions/tenancy/test_import.py

CREATE OR REPLACE FUNCTION tenancy.import_members(p_members json)
RETURNS bigint
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_tenant_id uuid := tenancy_private.require_job('import');
    v_rows bigint;
BEGIN
    INSERT INTO tenancy_private.member (tenant_id, user_id, role, created_at, email)
    SELECT v_tenant_id, m.user_id, m.role, m.created_at, m.email
    FROM json_populate_recordset(NULL::tenancy_private.member, p_members) AS m;
    GET DIAGNOSTICS v_rows = ROW_COUNT;
    RETURN v_rows;
END;
$function$;

COMMENT ON FUNCTION tenancy.import_members(json) IS
'Insert members of an archive and return their number. Raises TN002, 23505, 23514.';

ALTER FUNCTION tenancy.import_members(json) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy.import_members(json) FROM public;
GRANT EXECUTE ON FUNCTION tenancy.import_members(json)
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
    PERFORM tenancy_private.require_platform();

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
    ORDER BY e.performed_at, e.id;
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
    PERFORM tenancy_private.require_platform();

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
-- Use:         where a function writes for the tenant in tables that have no wall.
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

    IF NOT tenancy_private.may_enter(v_identity.tenant_id, v_identity.role, v_request) THEN
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
-- Rate:        one that is used up refuses, for reading too; nothing is charged here.
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
        'tenancy_admin, tenancy_owner',
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
-- Owners:      tenancy_owner too, for the jobs that export, import and purge.
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
        SELECT
            p_table AS name,
            concat_ws(', ', quote_ident(pg_get_userbyid(c.relowner)),
                CASE WHEN c.relowner <> 'tenancy_owner'::regrole THEN 'tenancy_owner' END
            ) AS owners
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
        SELECT 40, format('CREATE POLICY owner_door ON %s TO %s USING (true);', t.name, t.owners)
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

-- include: functions/tenancy/purge_receipt.sql
-- tenancy.purge_receipt(p_tenant_id): what a purge found, deleted and left.
--
-- Tests:       tests/functions/tenancy/test_purge.py

CREATE OR REPLACE FUNCTION tenancy.purge_receipt(p_tenant_id uuid)
RETURNS TABLE (
    resource text,
    is_kept boolean,
    rows_before bigint,
    rows_deleted bigint,
    rows_after bigint,
    why text
)
LANGUAGE sql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT r.resource, r.is_kept, r.rows_before, r.rows_deleted, r.rows_after, r.why
    FROM tenancy_private.purge_receipt AS r
    WHERE r.tenant_id = p_tenant_id
    ORDER BY r.is_kept, r.resource;
$function$;

COMMENT ON FUNCTION tenancy.purge_receipt(uuid) IS
'The receipt of a purge, one row per table; rows_after is NULL until it ended.';

ALTER FUNCTION tenancy.purge_receipt(uuid) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy.purge_receipt(uuid) FROM public;
GRANT EXECUTE ON FUNCTION tenancy.purge_receipt(uuid)
TO tenancy_admin, tenancy_operator;

-- include: functions/tenancy/purge_tenant_batch.sql
-- tenancy.purge_tenant_batch(p_limit): delete the next rows of a tenant.
--
-- One batch:   one table, at most p_limit rows, in foreign-key order; COMMIT after each. After an
--              interruption the next call goes on where the last commit left.
-- Raises:      TN002 no purge. TN021 begin_purge() was not called.
-- Tests:       tests/functions/tenancy/test_purge.py

CREATE OR REPLACE FUNCTION tenancy.purge_tenant_batch(p_limit integer DEFAULT 5000)
RETURNS bigint
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_tenant_id uuid := tenancy_private.require_job('purge');
    v_step record;
    v_rows bigint := 0;
BEGIN
    IF NOT EXISTS (
        SELECT FROM tenancy_private.tenant AS t WHERE t.id = v_tenant_id AND t.status = 'purging'
    ) THEN
        RAISE EXCEPTION 'the purge has not begun' USING
            ERRCODE = 'TN021', HINT = 'tenancy.begin_purge() first.';
    END IF;

    FOR v_step IN
        SELECT o.place, o.kind, array_agg(o.relation) AS tables
        FROM tenancy.table_order() AS o
        WHERE o.kind IN ('registered', 'kernel')
        GROUP BY o.place, o.kind, CASE WHEN NOT o.is_cycle THEN o.relation END
        ORDER BY o.place
    LOOP
        v_rows := tenancy_private.purge_step(v_tenant_id, v_step.kind, v_step.tables, p_limit);
        EXIT WHEN v_rows > 0;
    END LOOP;

    RETURN v_rows;
END;
$function$;

COMMENT ON FUNCTION tenancy.purge_tenant_batch(integer) IS
'Delete at most p_limit rows of one table and return their number; 0 when none is left. Raises TN002, TN021.';

ALTER FUNCTION tenancy.purge_tenant_batch(integer) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy.purge_tenant_batch(integer) FROM public;
GRANT EXECUTE ON FUNCTION tenancy.purge_tenant_batch(integer)
TO tenancy_operator;

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
    v_status text;
BEGIN
    PERFORM tenancy_private.require_platform();

    SELECT t.status INTO v_status
    FROM tenancy_private.tenant AS t
    WHERE t.id = p_tenant_id
    FOR UPDATE;
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
    IF v_status = 'provisioning' THEN
        PERFORM tenancy_private.change_status(
            p_tenant_id, 'active', 'everything it is to have is made', 'procedure'
        );
    END IF;

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
    PERFORM tenancy_private.require_platform();

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
    PERFORM tenancy_private.require_platform();

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
    PERFORM tenancy_private.require_platform();

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
    PERFORM tenancy_private.require_platform();

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
    PERFORM tenancy_private.require_platform();

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
    PERFORM tenancy_private.require_platform();

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
    PERFORM tenancy_private.require_platform();

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
    PERFORM tenancy_private.require_platform();

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
-- tenancy.set_tenant_status(p_tenant_id, p_status, p_reason): suspend, reopen, … a tenant.
--
-- Effect:      from the next transaction on; a transaction that is open keeps its context.
-- Raises:      TN001 no such tenant. TN002 not the platform. TN004 no reason. TN020 not allowed.
-- Tests:       tests/functions/tenancy/test_set_tenant_status.py

CREATE OR REPLACE FUNCTION tenancy.set_tenant_status(
    p_tenant_id uuid,
    p_status text,
    p_reason text
)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_who text := tenancy_private.platform_role();
BEGIN
    IF v_who IS NULL THEN
        RAISE EXCEPTION 'not permitted' USING
            ERRCODE = 'TN002',
            HINT = 'SET ROLE tenancy_admin or tenancy_operator outside any tenant.';
    END IF;

    PERFORM tenancy_private.change_status(p_tenant_id, p_status, p_reason, v_who);
END;
$function$;

COMMENT ON FUNCTION tenancy.set_tenant_status(uuid, text, text) IS
'Set the status of a tenant as tenancy.tenant_transition allows. Raises TN001, TN002, TN004, TN020.';

ALTER FUNCTION tenancy.set_tenant_status(uuid, text, text) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy.set_tenant_status(uuid, text, text) FROM public;
GRANT EXECUTE ON FUNCTION tenancy.set_tenant_status(uuid, text, text)
TO tenancy_admin, tenancy_operator;

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

-- include: functions/tenancy/tenant_state.sql
-- tenancy.tenant_state(p_name): where a tenant stands in its life, by slug or id.
--
-- Raises:      TN001 no such tenant.
-- Tests:       tests/functions/tenancy/test_begin_offboarding.py

CREATE OR REPLACE FUNCTION tenancy.tenant_state(p_name text)
RETURNS TABLE (
    tenant_id uuid,
    slug text,
    status text,
    may_write boolean,
    grace_ends_at timestamptz,
    archive_sha256 text
)
LANGUAGE plpgsql
STABLE
SECURITY DEFINER
ROWS 1
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    RETURN QUERY
    SELECT t.id, t.slug, t.status, s.may_write, o.grace_ends_at, o.archive_sha256
    FROM tenancy_private.tenant AS t
    INNER JOIN tenancy.tenant_status AS s ON t.status = s.status
    LEFT JOIN tenancy_private.offboarding AS o ON t.id = o.tenant_id
    WHERE t.id = tenancy_private.find_tenant(p_name);
    IF NOT FOUND THEN
        RAISE EXCEPTION 'resource not found' USING ERRCODE = 'TN001';
    END IF;
END;
$function$;

COMMENT ON FUNCTION tenancy.tenant_state(text) IS
'Id, slug, status, and the order to delete if there is one. Raises TN001.';

ALTER FUNCTION tenancy.tenant_state(text) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy.tenant_state(text) FROM public;
GRANT EXECUTE ON FUNCTION tenancy.tenant_state(text)
TO tenancy_admin, tenancy_operator;

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
    IF tenancy_private.is_purge() THEN
        RETURN NULL;
    END IF;

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
    IF tenancy_private.is_purge() THEN
        RETURN NULL;
    END IF;

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
    IF tenancy_private.is_purge() THEN
        RETURN NULL;
    END IF;

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
    IF tenancy_private.is_purge() THEN
        RETURN NULL;
    END IF;

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
    IF tenancy_private.is_purge() THEN
        RETURN NULL;
    END IF;

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
    IF tenancy_private.is_purge() THEN
        RETURN NULL;
    END IF;

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

-- include: functions/tenancy/transactions_in_context.sql
-- tenancy.transactions_in_context(): who may be inside a tenant now.
--
-- Why:         a status ends what begins, not a transaction that entered before. Whoever entered
--              has read tenancy_private.tenant, and holds that lock until the transaction ends.
-- Tests:       tests/functions/tenancy/test_purge.py

CREATE OR REPLACE FUNCTION tenancy.transactions_in_context()
RETURNS TABLE (virtualtransaction text, pid integer)
LANGUAGE sql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT l.virtualtransaction, l.pid
    FROM pg_locks AS l
    INNER JOIN pg_database AS d ON l.database = d.oid
    WHERE l.locktype = 'relation' AND d.datname = current_database()
      AND l.relation = 'tenancy_private.tenant'::regclass
      AND l.pid <> pg_backend_pid();
$function$;

COMMENT ON FUNCTION tenancy.transactions_in_context() IS
'Open transactions of others that may have entered a tenant; a caller waits until those of now are gone.';

ALTER FUNCTION tenancy.transactions_in_context() OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy.transactions_in_context() FROM public;
GRANT EXECUTE ON FUNCTION tenancy.transactions_in_context()
TO tenancy_operator;

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

    IF v_identity.tenant_id = v_tenant_id
        AND tenancy_private.may_enter(v_tenant_id, v_identity.role, '{}')
    THEN
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

-- include: functions/tenancy_private/change_status.sql
-- tenancy_private.change_status(…): one step of a tenant's life.
--
-- At once:     the row lock makes concurrent steps one after the other, each checked against what
--              the one before left. It does not wait for the tenant's own transactions.
-- Again:       a step to the status the tenant has is none, and is not recorded.
-- Raises:      TN001 no such tenant. TN004 no reason. TN020 not allowed.
-- Tests:       tests/functions/tenancy/test_set_tenant_status.py

CREATE OR REPLACE FUNCTION tenancy_private.change_status(
    p_tenant_id uuid,
    p_status text,
    p_reason text,
    p_who text
)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_from text;
BEGIN
    IF length(btrim(coalesce(p_reason, ''))) NOT BETWEEN 10 AND 1000 THEN
        RAISE EXCEPTION 'a change of status needs a reason' USING
            ERRCODE = 'TN004', HINT = 'Give it in a sentence of 10 to 1000 characters.';
    END IF;

    SELECT t.status INTO v_from
    FROM tenancy_private.tenant AS t
    WHERE t.id = p_tenant_id
    FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'resource not found' USING ERRCODE = 'TN001';
    ELSIF v_from = p_status THEN
        RETURN;
    ELSIF NOT EXISTS (
        SELECT
        FROM tenancy.tenant_transition AS x
        WHERE x.from_status = v_from AND x.to_status = p_status
          AND (x.who = p_who OR (x.who = 'operator' AND p_who = 'admin'))
    ) THEN
        RAISE EXCEPTION 'a tenant cannot go from % to % here', v_from, p_status USING
            ERRCODE = 'TN020',
            HINT = 'tenancy.tenant_transition lists what is allowed, and to whom.';
    END IF;

    UPDATE tenancy_private.tenant SET status = p_status WHERE id = p_tenant_id;
    PERFORM tenancy_private.log_status(p_tenant_id, v_from, p_status, p_reason);
END;
$function$;

COMMENT ON FUNCTION tenancy_private.change_status(uuid, text, text, text) IS
'Take a step of tenancy.tenant_transition and record it. Raises TN001, TN004, TN020.';

ALTER FUNCTION tenancy_private.change_status(uuid, text, text, text) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy_private.change_status(uuid, text, text, text) FROM public;

-- include: functions/tenancy_private/clone_id.sql
-- tenancy_private.clone_id(p_id, p_tenant_id): the id of a row in a clone.
--
-- Same in:     same out, so that foreign keys hold without a table of ids. Time order stays: the
--              first 48 bits are kept, the others are hashed with the id of the clone.
-- Tests:       tests/functions/tenancy/test_import.py

CREATE OR REPLACE FUNCTION tenancy_private.clone_id(p_id uuid, p_tenant_id uuid)
RETURNS uuid
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
SECURITY INVOKER
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT encode(
        set_byte(
            set_byte(
                substring(uuid_send(p_id), 1, 6) || substring(d.digest, 1, 10),
                6, 112 | (get_byte(d.digest, 0) & 15)
            ),
            8, 128 | (get_byte(d.digest, 2) & 63)
        ),
        'hex'
    )::uuid
    FROM (SELECT sha256(uuid_send(p_id) || uuid_send(p_tenant_id)) AS digest) AS d;
$function$;

COMMENT ON FUNCTION tenancy_private.clone_id(uuid, uuid) IS
'The uuid (version 7) that stands for p_id in the clone p_tenant_id; NULL for NULL.';

ALTER FUNCTION tenancy_private.clone_id(uuid, uuid) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy_private.clone_id(uuid, uuid) FROM public;
GRANT EXECUTE ON FUNCTION tenancy_private.clone_id(uuid, uuid)
TO tenancy_owner;

-- include: functions/tenancy_private/context_in_force.sql
-- tenancy_private.context_in_force(): the signed context, if its role is the one in force.
--
-- Why read-only: a context without the right to write verifies in read-only transactions alone, so
--              that minting one without tenancy.enter() gains nothing.
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

-- include: functions/tenancy_private/count_rows.sql
-- tenancy_private.count_rows(p_tenant_id, p_table, p_kind): rows of a tenant, for its receipt.
--
-- Tests:       tests/functions/tenancy/test_purge.py

CREATE OR REPLACE FUNCTION tenancy_private.count_rows(
    p_tenant_id uuid,
    p_table regclass,
    p_kind text
)
RETURNS bigint
LANGUAGE plpgsql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_rows bigint;
BEGIN
    IF p_kind = 'registered' THEN
        RETURN app.count_rows(p_table);
    ELSIF NOT has_table_privilege('tenancy_kernel', p_table, 'SELECT') THEN
        RETURN NULL;
    END IF;

    EXECUTE format('SELECT count(*) FROM %s WHERE tenant_id = $1', p_table)
    INTO v_rows USING p_tenant_id;
    RETURN v_rows;
END;
$function$;

COMMENT ON FUNCTION tenancy_private.count_rows(uuid, regclass, text) IS
'Rows of a tenant in a table; NULL for a kept table that the kernel may not read.';

ALTER FUNCTION tenancy_private.count_rows(uuid, regclass, text) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy_private.count_rows(uuid, regclass, text) FROM public;

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
    PERFORM tenancy_private.log_status(p_id, NULL, 'provisioning', 'signed up on the platform');
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

-- include: functions/tenancy_private/is_purge.sql
-- tenancy_private.is_purge(): is this a job that purges a tenant?
--
-- For:         counters, which would be made anew by deleting what they count.
-- Tests:       tests/functions/tenancy/test_purge.py

CREATE OR REPLACE FUNCTION tenancy_private.is_purge()
RETURNS boolean
LANGUAGE plpgsql
STABLE
PARALLEL RESTRICTED
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    RETURN current_setting('role') = 'tenancy_operator'
        AND substr(tenancy_private.context_in_force(), 72, 64)
        = encode(sha256(convert_to('{"purpose": "purge"}', 'UTF8')), 'hex');
END;
$function$;

COMMENT ON FUNCTION tenancy_private.is_purge() IS
'True in a job that purges its tenant.';

ALTER FUNCTION tenancy_private.is_purge() OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy_private.is_purge() FROM public;

-- include: functions/tenancy_private/log_status.sql
-- tenancy_private.log_status(…): record a step of a tenant's life.
--
-- Tests:       tests/functions/tenancy/test_set_tenant_status.py

CREATE OR REPLACE FUNCTION tenancy_private.log_status(
    p_tenant_id uuid,
    p_from text,
    p_to text,
    p_reason text
)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    INSERT INTO tenancy_private.tenant_status_log (
        id, tenant_id, from_status, to_status, reason, changed_by, changed_as, actor_id
    )
    VALUES (
        tenancy.uuidv7(), p_tenant_id, p_from, p_to, btrim(p_reason), session_user,
        current_setting('role'), tenancy.actor_id()
    );
END;
$function$;

COMMENT ON FUNCTION tenancy_private.log_status(uuid, text, text, text) IS
'Write a row of tenancy_private.tenant_status_log for the caller.';

ALTER FUNCTION tenancy_private.log_status(uuid, text, text, text) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy_private.log_status(uuid, text, text, text) FROM public;

-- include: functions/tenancy_private/may_enter.sql
-- tenancy_private.may_enter(p_tenant_id, p_role, p_request): is the tenant open, here, for them?
--
-- Hints:       host, tenant and location are what the client believes. They never choose a tenant
--              against the credential; one that disagrees refuses the request.
-- Tests:       tests/functions/tenancy/test_enter.py, test_set_tenant_status.py

CREATE OR REPLACE FUNCTION tenancy_private.may_enter(
    p_tenant_id uuid,
    p_role text,
    p_request jsonb
)
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
        INNER JOIN tenancy.tenant_role AS r ON r.role = p_role
        LEFT JOIN tenancy.tenant_role AS lowest ON s.lowest_role = lowest.role
        WHERE t.id = p_tenant_id
          AND s.may_enter
          AND r.rank >= coalesce(lowest.rank, 0)
          AND coalesce(p_request ->> 'tenant', t.slug) IN (t.slug, t.id::text)
          AND coalesce(p_request ->> 'location', t.slug) IN (t.slug, t.id::text)
          AND coalesce(tenancy_private.find_tenant_of_host(p_request ->> 'host'), t.id) = t.id
    );
END;
$function$;

COMMENT ON FUNCTION tenancy_private.may_enter(uuid, text, jsonb) IS
'True when the tenant exists, its status and region admit this role here, and no hint disagrees.';

ALTER FUNCTION tenancy_private.may_enter(uuid, text, jsonb) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy_private.may_enter(uuid, text, jsonb) FROM public;

-- include: functions/tenancy_private/note_platform_action.sql
-- tenancy_private.note_platform_action(p_tenant_id, p_action): evidence that waits for review.
--
-- Tests:       tests/functions/tenancy/test_evidence.py

CREATE OR REPLACE FUNCTION tenancy_private.note_platform_action(p_tenant_id uuid, p_action text)
RETURNS void
LANGUAGE sql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
INSERT INTO tenancy_private.platform_action (id, tenant_id, action, performed_by)
VALUES (tenancy.uuidv7(), p_tenant_id, p_action, session_user);
END;

COMMENT ON FUNCTION tenancy_private.note_platform_action(uuid, text) IS
'Record what the platform did to a tenant from outside.';

ALTER FUNCTION tenancy_private.note_platform_action(uuid, text) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy_private.note_platform_action(uuid, text) FROM public;

-- include: functions/tenancy_private/open_receipt.sql
-- tenancy_private.open_receipt(p_tenant_id): a line for each table, counted.
--
-- Again:       a table that was registered meanwhile gets its line; the others keep theirs.
-- Tests:       tests/functions/tenancy/test_purge.py

CREATE OR REPLACE FUNCTION tenancy_private.open_receipt(p_tenant_id uuid)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    INSERT INTO tenancy_private.purge_receipt (tenant_id, resource, is_kept, rows_before, why)
    SELECT p_tenant_id, o.relation::text, o.kind = 'kept',
        coalesce(tenancy_private.count_rows(p_tenant_id, o.relation, o.kind), 0), k.why
    FROM tenancy.table_order() AS o
    LEFT JOIN tenancy.kept_table AS k
        ON o.relation = to_regclass(format('%I.%I', k.schema_name, k.table_name))
    ON CONFLICT (tenant_id, resource) DO NOTHING;
END;
$function$;

COMMENT ON FUNCTION tenancy_private.open_receipt(uuid) IS
'Add what a tenant has in each table to its receipt. Idempotent.';

ALTER FUNCTION tenancy_private.open_receipt(uuid) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy_private.open_receipt(uuid) FROM public;

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

-- include: functions/tenancy_private/purge_step.sql
-- tenancy_private.purge_step(…): delete from one table and write it down.
--
-- Tests:       tests/functions/tenancy/test_purge.py

CREATE OR REPLACE FUNCTION tenancy_private.purge_step(
    p_tenant_id uuid,
    p_kind text,
    p_tables regclass[],
    p_limit integer
)
RETURNS bigint
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_rows bigint;
BEGIN
    IF p_kind = 'registered' THEN
        WITH deleted AS (
            SELECT d.relation, d.rows FROM app.delete_rows(p_tables, p_limit) AS d
        ),

        noted AS (
            UPDATE tenancy_private.purge_receipt AS r
            SET rows_deleted = r.rows_deleted + d.rows
            FROM deleted AS d
            WHERE r.tenant_id = p_tenant_id AND r.resource = d.relation::text AND d.rows > 0
        )

        SELECT sum(d.rows) INTO v_rows FROM deleted AS d;
        RETURN v_rows;
    END IF;

    EXECUTE format(
        'DELETE FROM %1$s WHERE tenant_id = $1 '
        'AND ctid = ANY (ARRAY(SELECT ctid FROM %1$s WHERE tenant_id = $1 LIMIT $2))', p_tables[1]
    ) USING p_tenant_id, p_limit;
    GET DIAGNOSTICS v_rows = ROW_COUNT;
    UPDATE tenancy_private.purge_receipt AS r
    SET rows_deleted = r.rows_deleted + v_rows
    WHERE r.tenant_id = p_tenant_id AND r.resource = p_tables[1]::text AND v_rows > 0;
    RETURN v_rows;
END;
$function$;

COMMENT ON FUNCTION tenancy_private.purge_step(uuid, text, regclass[], integer) IS
'Delete a batch and add it to the receipt; the number of rows.';

ALTER FUNCTION tenancy_private.purge_step(uuid, text, regclass[], integer) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy_private.purge_step(uuid, text, regclass[], integer) FROM public;

-- include: functions/tenancy_private/refuse_unreachable.sql
-- tenancy_private.refuse_unreachable(): nothing is left out silently.
--
-- Raises:      TN025 a table with a tenant_id that no job may read.
-- Tests:       tests/functions/tenancy/test_purge.py

CREATE OR REPLACE FUNCTION tenancy_private.refuse_unreachable()
RETURNS void
LANGUAGE plpgsql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_tables text;
BEGIN
    SELECT string_agg(t.relation::text, ', ' ORDER BY t.relation::text) INTO v_tables
    FROM tenancy_private.tenant_table() AS t
    WHERE t.kind = 'unreachable';
    IF v_tables IS NOT NULL THEN
        RAISE EXCEPTION 'rows of tenants are out of reach in %', v_tables USING
            ERRCODE = 'TN025',
            HINT = 'As its owner: SELECT tenancy.protect_table(…), again if it was protected '
            'before; drop restrictive policies; or list it in tenancy.kept_table.';
    END IF;
END;
$function$;

COMMENT ON FUNCTION tenancy_private.refuse_unreachable() IS
'Refuse while a table with a tenant_id can neither be exported nor emptied. Raises TN025.';

ALTER FUNCTION tenancy_private.refuse_unreachable() OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy_private.refuse_unreachable() FROM public;

-- include: functions/tenancy_private/require_job.sql
-- tenancy_private.require_job(p_purpose): only a job with this purpose goes on.
--
-- Signed:      the digest of the request is part of the context, so the purpose cannot be changed
--              after tenancy.enter_system().
-- Raises:      TN002 no context of such a job.
-- Tests:       tests/functions/tenancy/test_purge.py

CREATE OR REPLACE FUNCTION tenancy_private.require_job(p_purpose text)
RETURNS uuid
LANGUAGE plpgsql
STABLE
PARALLEL RESTRICTED
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_body text := tenancy_private.context_in_force();
    v_request text := current_setting('tenancy.request', true);
BEGIN
    IF substr(v_body, 69, 1) = 'o'
        AND substr(v_body, 72, 64) = encode(sha256(convert_to(v_request, 'UTF8')), 'hex')
        AND v_request::jsonb ->> 'purpose' = p_purpose
    THEN
        RETURN substr(v_body, 5, 32)::uuid;
    END IF;

    RAISE EXCEPTION 'not permitted' USING
        ERRCODE = 'TN002',
        HINT = format('SELECT tenancy.enter_system(…, %L) first in the transaction.', p_purpose);
END;
$function$;

COMMENT ON FUNCTION tenancy_private.require_job(text) IS
'The tenant of a job with this purpose. Raises TN002 for everybody else.';

ALTER FUNCTION tenancy_private.require_job(text) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy_private.require_job(text) FROM public;
GRANT EXECUTE ON FUNCTION tenancy_private.require_job(text)
TO tenancy_owner;

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

-- include: functions/tenancy_private/tg_append_only.sql
-- tenancy_private.tg_append_only(): what is recorded stays as it was recorded.
--
-- Raises:      TN027 UPDATE, DELETE or TRUNCATE.
-- Tests:       tests/functions/tenancy/test_set_tenant_status.py

CREATE OR REPLACE FUNCTION tenancy_private.tg_append_only()
RETURNS trigger
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    RAISE EXCEPTION '% is append only', tg_table_name USING
        ERRCODE = 'TN027', HINT = 'Record what is true now in a new row.';
END;
$function$;

COMMENT ON FUNCTION tenancy_private.tg_append_only() IS
'Trigger: refuse every change but an INSERT. Raises TN027.';

ALTER FUNCTION tenancy_private.tg_append_only() OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy_private.tg_append_only() FROM public;

-- include: sql/triggers/tenancy_private/tenant_status_log.sql
-- sql/triggers/tenancy_private/tenant_status_log.sql

CREATE OR REPLACE TRIGGER _100_append_only
BEFORE UPDATE OR DELETE ON tenancy_private.tenant_status_log
FOR EACH ROW EXECUTE FUNCTION tenancy_private.tg_append_only();

CREATE OR REPLACE TRIGGER _101_append_only
BEFORE TRUNCATE ON tenancy_private.tenant_status_log
FOR EACH STATEMENT EXECUTE FUNCTION tenancy_private.tg_append_only();

-- include: seeds/reference/2-tenant-statuses.sql
-- The stages of a tenant's life. Suspension stops keys, sessions and tickets together.
-- lowest_role: NULL admits everybody. jobs: what tenancy.enter_system() lets a job do.

INSERT INTO tenancy.tenant_status (status, may_enter, may_write, lowest_role, jobs)
VALUES
('provisioning', false, false, NULL, 'write'),
('active', true, true, NULL, 'write'),
('read_only', true, false, NULL, 'write'),
('suspended', false, false, NULL, 'write'),
('moving', true, false, NULL, 'read'),
('offboarding', true, false, 'manager', 'write'),
('purging', false, false, NULL, 'write'),
('purged', false, false, NULL, 'none')
ON CONFLICT (status) DO UPDATE
SET
    may_enter = excluded.may_enter,
    may_write = excluded.may_write,
    lowest_role = excluded.lowest_role,
    jobs = excluded.jobs;

-- include: seeds/reference/7-tenant-transitions.sql
-- Which change of status is allowed, and to whom: admin (tenancy_admin), operator (also
-- tenancy_operator), procedure (only the function that does the work of the step).

INSERT INTO tenancy.tenant_transition (from_status, to_status, who)
VALUES
('provisioning', 'active', 'procedure'),
('provisioning', 'offboarding', 'procedure'),
('active', 'read_only', 'operator'),
('active', 'suspended', 'operator'),
('active', 'moving', 'operator'),
('active', 'offboarding', 'procedure'),
('read_only', 'active', 'operator'),
('read_only', 'suspended', 'operator'),
('read_only', 'moving', 'operator'),
('read_only', 'offboarding', 'procedure'),
('suspended', 'active', 'admin'),
('suspended', 'read_only', 'admin'),
('suspended', 'moving', 'operator'),
('suspended', 'offboarding', 'procedure'),
('moving', 'active', 'operator'),
('moving', 'read_only', 'operator'),
('moving', 'suspended', 'operator'),
('offboarding', 'active', 'admin'),
('offboarding', 'read_only', 'admin'),
('offboarding', 'suspended', 'admin'),
('offboarding', 'purging', 'procedure'),
('purging', 'purged', 'procedure')
ON CONFLICT (from_status, to_status) DO UPDATE SET who = excluded.who;

-- include: seeds/reference/8-kept-tables.sql
-- What a purge leaves, and why. Every other table with a tenant_id is emptied of the tenant.

INSERT INTO tenancy.kept_table (schema_name, table_name, why)
VALUES
('tenancy_private', 'access_ticket', 'evidence of break-glass access, for review'),
('tenancy_private', 'tenant_status_log', 'who ended the tenant, when and why'),
('tenancy_private', 'platform_action', 'evidence of what the platform did, for review'),
('tenancy_private', 'taken_slug', 'so that nobody gets a subdomain that was somebody else''s'),
('tenancy_private', 'offboarding', 'the order to delete, its grace period and the archive''s hash'),
('tenancy_private', 'purge_receipt', 'this receipt')
ON CONFLICT (schema_name, table_name) DO UPDATE SET why = excluded.why;

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
