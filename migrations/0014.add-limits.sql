-- Add limits.
-- depends: 0013.create-limits
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

-- include: functions/tenancy/check_rate_limit.sql
-- tenancy.check_rate_limit(p_action, p_cost): charge one call, or say when to come again.
--
-- Alone:       in a transaction of its own, committed before the request: one that fails would roll
--              its charge back. Never two actions in one transaction.
-- Read-only:   tells what would be answered and charges nothing; on a standby always allowed.
-- Raises:      TN001 no context. TN004 a malformed action or cost. TN011 too many actions.
-- Tests:       tests/functions/tenancy/test_rate_limit.py

CREATE OR REPLACE FUNCTION tenancy.check_rate_limit(
    p_action text,
    p_cost integer DEFAULT 1,
    OUT allowed boolean,
    OUT remaining integer,
    OUT retry_after interval
)
RETURNS record
LANGUAGE plpgsql
VOLATILE
PARALLEL RESTRICTED
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_tenant_id uuid := tenancy.tenant_id();
    v_charge record;
BEGIN
    IF v_tenant_id IS NULL THEN
        RAISE EXCEPTION 'resource not found' USING ERRCODE = 'TN001';
    END IF;

    IF (p_action ~ '^[a-z][a-z0-9_.-]{0,62}$' AND p_cost BETWEEN 1 AND 1000000) IS NOT TRUE THEN
        RAISE EXCEPTION 'not an action, or not a cost' USING
            ERRCODE = 'TN004', HINT = 'An action is a short name; a cost is 1 to 1000000.';
    END IF;

    v_charge := tenancy_private.charge_rate(v_tenant_id, p_action, tenancy.actor_id(), p_cost);
    allowed := v_charge.allowed;
    remaining := v_charge.remaining;
    retry_after := v_charge.retry_after;
END;
$function$;

COMMENT ON FUNCTION tenancy.check_rate_limit(text, integer) IS
'Charge the rate of the current tenant for an action. A refused call costs nothing; retry_after is NULL when the cost exceeds the rate itself. Raises TN001, TN004, TN011.';

ALTER FUNCTION tenancy.check_rate_limit(text, integer) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy.check_rate_limit(text, integer) FROM public;
GRANT EXECUTE ON FUNCTION tenancy.check_rate_limit(text, integer)
TO tenancy_customer, tenancy_staff, tenancy_manager, tenancy_admin, tenancy_operator;

-- include: functions/tenancy/feature.sql
-- tenancy.feature(p_name): a feature flag of the caller's tenant.
--
-- Order:       the tenant's own, else its plan's. What app.settings.features holds is the tenant's
--              to write, and so is not asked.
-- Raises:      nothing: NULL for an unknown name, and outside a tenant.
-- Tests:       tests/functions/tenancy/test_limits.py

CREATE OR REPLACE FUNCTION tenancy.feature(p_name text)
RETURNS jsonb
LANGUAGE plpgsql
STABLE
PARALLEL RESTRICTED
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    RETURN (
        SELECT coalesce(o.value, p.value)
        FROM tenancy_private.tenant AS t
        LEFT JOIN tenancy.plan_feature AS p ON t.plan = p.plan AND p.feature = p_name
        LEFT JOIN tenancy_private.tenant_feature AS o ON t.id = o.tenant_id AND o.feature = p_name
        WHERE t.id = (SELECT tenancy.tenant_id())
    );
END;
$function$;

COMMENT ON FUNCTION tenancy.feature(text) IS
'Feature flag of the current tenant as JSON; NULL when there is none.';

ALTER FUNCTION tenancy.feature(text) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy.feature(text) FROM public;
GRANT EXECUTE ON FUNCTION tenancy.feature(text)
TO tenancy_customer, tenancy_staff, tenancy_manager, tenancy_admin, tenancy_operator;

-- include: functions/tenancy/reconcile_usage.sql
-- tenancy.reconcile_usage(p_tenant_id): count again what the triggers count.
--
-- When:        after rows were loaded with triggers off. Exact: writers of the tenant wait, and a
--              second statement sees what they committed.
-- Raises:      TN002 not inside this tenant.
-- Tests:       tests/functions/tenancy/test_limits.py

CREATE OR REPLACE FUNCTION tenancy.reconcile_usage(p_tenant_id uuid)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    IF p_tenant_id IS DISTINCT FROM tenancy.tenant_id() THEN
        RAISE EXCEPTION 'not permitted' USING
            ERRCODE = 'TN002', HINT = 'Enter the tenant: tenancy.enter_system(id, purpose).';
    END IF;

    PERFORM tenancy_private.lock_usage(p_tenant_id);
    PERFORM tenancy_private.open_month(p_tenant_id);

    UPDATE tenancy_private.usage_counter AS u
    SET pins = n.pins, storage_bytes = n.storage_bytes
    FROM app.usage_of(p_tenant_id) AS n
    WHERE u.tenant_id = p_tenant_id;

    UPDATE tenancy_private.usage_month AS m
    SET orders = app.orders_between(p_tenant_id, m.starts_at, m.ends_at)
    WHERE m.tenant_id = p_tenant_id;
END;
$function$;

COMMENT ON FUNCTION tenancy.reconcile_usage(uuid) IS
'Recompute the counters of the tenant that was entered. Raises TN002.';

ALTER FUNCTION tenancy.reconcile_usage(uuid) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy.reconcile_usage(uuid) FROM public;
GRANT EXECUTE ON FUNCTION tenancy.reconcile_usage(uuid)
TO tenancy_admin, tenancy_operator;

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

-- include: functions/tenancy_private/limit_of.sql
-- tenancy_private.limit_of(p_tenant_id, p_name): a limit in force, NULL for unlimited.
--
-- Order:       the tenant's own, else its plan's; no row is no limit.
-- Tests:       tests/functions/tenancy/test_limits.py

CREATE OR REPLACE FUNCTION tenancy_private.limit_of(p_tenant_id uuid, p_name text)
RETURNS bigint
LANGUAGE plpgsql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    RETURN (
        SELECT CASE WHEN o.tenant_id IS NULL THEN p.value ELSE o.value END
        FROM tenancy_private.tenant AS t
        LEFT JOIN tenancy.plan_limit AS p ON t.plan = p.plan AND p.name = p_name
        LEFT JOIN tenancy_private.tenant_limit AS o ON t.id = o.tenant_id AND o.name = p_name
        WHERE t.id = p_tenant_id
    );
END;
$function$;

COMMENT ON FUNCTION tenancy_private.limit_of(uuid, text) IS
'Limit of a tenant by name; NULL is unlimited.';

ALTER FUNCTION tenancy_private.limit_of(uuid, text) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy_private.limit_of(uuid, text) FROM public;

-- include: functions/tenancy_private/month_at.sql
-- tenancy_private.month_at(p_tenant_id, p_time_zone, p_now): the month that counts orders at p_now.
--
-- Bounds:      a month begins where the one before ended, whatever the zone is by now, and is never
--              one that was there before: a change of zone moves an end, and gains no second month.
-- Not stored:  a month that is not there yet has 0 orders; tenancy_private.open_month() stores it.
-- Tests:       tests/functions/tenancy/test_limits.py

CREATE OR REPLACE FUNCTION tenancy_private.month_at(
    p_tenant_id uuid,
    p_time_zone text,
    p_now timestamptz
)
RETURNS tenancy_private.usage_month
LANGUAGE plpgsql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_month tenancy_private.usage_month;
    v_last date;
BEGIN
    SELECT m.* INTO v_month
    FROM tenancy_private.usage_month AS m
    WHERE m.tenant_id = p_tenant_id
    ORDER BY m.month DESC
    LIMIT 1;
    IF v_month.ends_at > p_now THEN
        RETURN v_month;
    END IF;

    v_last := v_month.month;
    v_month.tenant_id := p_tenant_id;
    v_month.orders := 0;
    v_month.month := greatest(
        date_trunc('month', p_now AT TIME ZONE p_time_zone)::date, v_last + interval '1 month'
    );
    v_month.starts_at := CASE v_month.month
        WHEN v_last + interval '1 month' THEN v_month.ends_at
        ELSE v_month.month::timestamp AT TIME ZONE p_time_zone
    END;
    v_month.ends_at := (v_month.month + interval '1 month') AT TIME ZONE p_time_zone;

    RETURN v_month;
END;
$function$;

COMMENT ON FUNCTION tenancy_private.month_at(uuid, text, timestamptz) IS
'The month of a tenant at a time, as stored or as it would be.';

ALTER FUNCTION tenancy_private.month_at(uuid, text, timestamptz) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy_private.month_at(uuid, text, timestamptz) FROM public;

-- include: functions/tenancy/usage.sql
-- tenancy.usage(): what the caller's tenant uses, beside its limits.
--
-- Units:       max_storage_gb in 2^30 bytes; used is rounded up to a thousandth.
-- Outside:     no rows.
-- Tests:       tests/functions/tenancy/test_limits.py

CREATE OR REPLACE FUNCTION tenancy.usage()
RETURNS TABLE (name text, used numeric, "limit" bigint, resets_at timestamptz)
LANGUAGE sql
STABLE
PARALLEL RESTRICTED
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
SELECT v.name, v.used, l.value, v.resets_at
FROM tenancy_private.tenant AS t
LEFT JOIN tenancy_private.usage_counter AS u ON t.id = u.tenant_id
CROSS JOIN LATERAL tenancy_private.month_at(
    t.id, coalesce(u.time_zone, 'UTC'), clock_timestamp()
) AS m
CROSS JOIN LATERAL (
    VALUES
    ('max_orders_per_month', m.orders::numeric, m.ends_at),
    ('max_pins', coalesce(u.pins, 0), NULL),
    ('max_storage_gb', ceil(coalesce(u.storage_bytes, 0) / 1073741.824) / 1000, NULL)
) AS v (name, used, resets_at)
CROSS JOIN LATERAL tenancy_private.limit_of(t.id, v.name) AS l (value)
WHERE t.id = (SELECT tenancy.tenant_id());
END;

COMMENT ON FUNCTION tenancy.usage() IS
'Usage and limit per name; a NULL limit is unlimited; resets_at is the end of the tenant''s month. No rows outside a tenant.';

ALTER FUNCTION tenancy.usage() OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy.usage() FROM public;
GRANT EXECUTE ON FUNCTION tenancy.usage()
TO tenancy_staff, tenancy_manager, tenancy_admin, tenancy_operator;

-- include: functions/tenancy_private/charge_rate.sql
-- tenancy_private.charge_rate(…): charge a window, unless that exceeds its rate.
--
-- Sliding:     no 60 s have more than the rate. Up to 128 a minute each charge keeps its own time;
--              beyond, they are rounded up to half seconds, so that a row never grows.
-- Optimistic:  the window is read, and written if nobody wrote it meanwhile; else it is locked. A
--              flood that is refused takes no lock at all. p_now is for tests.
-- Read-only:   says what would be answered, and charges nothing.
-- Tests:       tests/functions/tenancy/test_rate_limit.py

CREATE OR REPLACE FUNCTION tenancy_private.charge_rate(
    p_tenant_id uuid,
    p_action text,
    p_actor_id uuid,
    p_cost integer,
    p_now timestamptz DEFAULT NULL,
    OUT allowed boolean,
    OUT remaining integer,
    OUT retry_after interval
)
RETURNS record
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_rate record := tenancy_private.rate_of(p_tenant_id, p_action, p_actor_id);
    v_is_read_only boolean := current_setting('transaction_read_only');
    v_window tenancy_private.rate_window;
    v_state record;
    v_now timestamptz;
BEGIN
    FOR v_step IN 1 .. 2 LOOP
        v_window := tenancy_private.rate_window_of(
            p_tenant_id, p_action, v_rate.holder, v_step = 2
        );
        v_now := coalesce(p_now, clock_timestamp());
        v_state := tenancy_private.read_rate_window(
            v_window.charged_at, v_window.costs, v_rate.per_minute, p_cost, v_now
        );
        allowed := v_state.fits_in IS NOT DISTINCT FROM interval '0';
        EXIT WHEN NOT allowed OR v_is_read_only OR tenancy_private.write_rate_window(
            v_window, v_state.live, v_rate.per_minute, p_cost, v_now
        );
    END LOOP;

    remaining := greatest(
        v_rate.per_minute - v_state.used - CASE WHEN allowed THEN p_cost ELSE 0 END, 0
    );
    retry_after := v_state.fits_in;
END;
$function$;

COMMENT ON FUNCTION tenancy_private.charge_rate(uuid, text, uuid, integer, timestamptz) IS
'Charge the rate window of a tenant, action and actor.';

ALTER FUNCTION tenancy_private.charge_rate(uuid, text, uuid, integer, timestamptz)
OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy_private.charge_rate(uuid, text, uuid, integer, timestamptz)
FROM public;

-- include: functions/tenancy_private/is_over_rate.sql
-- tenancy_private.is_over_rate(p_tenant_id, p_action, p_actor_id): would the next call be refused?
--
-- Reads only:  for tenancy.pre_request(), also in read-only transactions. False on a standby, where
--              nothing unlogged can be read.
-- Tests:       tests/functions/tenancy/test_rate_limit.py

CREATE OR REPLACE FUNCTION tenancy_private.is_over_rate(
    p_tenant_id uuid,
    p_action text,
    p_actor_id uuid DEFAULT NULL
)
RETURNS boolean
LANGUAGE plpgsql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_rate bigint;
    v_holder uuid;
    v_window tenancy_private.rate_window;
BEGIN
    IF pg_is_in_recovery() THEN
        RETURN false;
    END IF;

    SELECT r.per_minute, r.holder INTO v_rate, v_holder
    FROM tenancy_private.rate_of(p_tenant_id, p_action, p_actor_id) AS r;
    SELECT w.* INTO v_window
    FROM tenancy_private.rate_window AS w
    WHERE w.tenant_id = p_tenant_id AND w.action = p_action AND w.actor_id = v_holder;

    RETURN (
        SELECT s.fits_in IS DISTINCT FROM interval '0'
        FROM tenancy_private.read_rate_window(
            v_window.charged_at, v_window.costs, v_rate, 1, clock_timestamp()
        ) AS s
    );
END;
$function$;

COMMENT ON FUNCTION tenancy_private.is_over_rate(uuid, text, uuid) IS
'True when a tenant has used up its rate for an action.';

ALTER FUNCTION tenancy_private.is_over_rate(uuid, text, uuid) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy_private.is_over_rate(uuid, text, uuid) FROM public;

-- include: functions/tenancy_private/lock_usage.sql
-- tenancy_private.lock_usage(p_tenant_id): the one lock of a tenant's counters, until COMMIT.
--
-- First:       a tenant without a row has no rows either: it is younger than the counters.
-- Tests:       tests/functions/tenancy/test_limits.py

CREATE OR REPLACE FUNCTION tenancy_private.lock_usage(p_tenant_id uuid)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    PERFORM FROM tenancy_private.usage_counter AS u
    WHERE u.tenant_id = p_tenant_id
    FOR NO KEY UPDATE;

    IF NOT FOUND THEN
        INSERT INTO tenancy_private.usage_counter (tenant_id)
        VALUES (p_tenant_id)
        ON CONFLICT (tenant_id) DO NOTHING;
        PERFORM FROM tenancy_private.usage_counter AS u
        WHERE u.tenant_id = p_tenant_id
        FOR NO KEY UPDATE;
    END IF;
END;
$function$;

COMMENT ON FUNCTION tenancy_private.lock_usage(uuid) IS
'Lock the counters of a tenant, which are made if need be.';

ALTER FUNCTION tenancy_private.lock_usage(uuid) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy_private.lock_usage(uuid) FROM public;

-- include: functions/tenancy_private/open_month.sql
-- tenancy_private.open_month(p_tenant_id, p_now): store the current month, and return it.
--
-- Called:      with the lock of tenancy_private.lock_usage(), so that time only goes forward.
-- p_now:       for tests.
-- Tests:       tests/functions/tenancy/test_limits.py

CREATE OR REPLACE FUNCTION tenancy_private.open_month(
    p_tenant_id uuid,
    p_now timestamptz DEFAULT clock_timestamp()
)
RETURNS date
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_month tenancy_private.usage_month;
BEGIN
    SELECT m.* INTO v_month
    FROM tenancy_private.usage_counter AS u
    CROSS JOIN LATERAL tenancy_private.month_at(u.tenant_id, u.time_zone, p_now) AS m
    WHERE u.tenant_id = p_tenant_id;

    INSERT INTO tenancy_private.usage_month (tenant_id, month, starts_at, ends_at)
    SELECT v_month.tenant_id, v_month.month, v_month.starts_at, v_month.ends_at
    WHERE NOT EXISTS (
        SELECT FROM tenancy_private.usage_month AS x
        WHERE x.tenant_id = p_tenant_id AND x.month = v_month.month
    );

    RETURN v_month.month;
END;
$function$;

COMMENT ON FUNCTION tenancy_private.open_month(uuid, timestamptz) IS
'Open the month of a tenant at a time; the caller holds the lock of its usage.';

ALTER FUNCTION tenancy_private.open_month(uuid, timestamptz) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy_private.open_month(uuid, timestamptz) FROM public;

-- include: functions/tenancy_private/open_rate_window.sql
-- tenancy_private.open_rate_window(p_tenant_id, p_action, p_holder): make the row of a window.
--
-- Bounded:     windows of the tenant that have been idle for a minute go; a thousand may stay.
-- No waiting:  rows that somebody uses are skipped, so that nothing can deadlock here.
-- Raises:      TN011 a thousand actions in a minute.
-- Tests:       tests/functions/tenancy/test_rate_limit.py

CREATE OR REPLACE FUNCTION tenancy_private.open_rate_window(
    p_tenant_id uuid,
    p_action text,
    p_holder uuid
)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SECURITY INVOKER
AS $function$
BEGIN
    DELETE FROM tenancy_private.rate_window AS w
    USING (
        SELECT x.action, x.actor_id
        FROM tenancy_private.rate_window AS x
        WHERE x.tenant_id = p_tenant_id AND x.last_at < clock_timestamp() - interval '2 minutes'
        FOR UPDATE SKIP LOCKED
    ) AS idle
    WHERE w.tenant_id = p_tenant_id AND w.action = idle.action AND w.actor_id = idle.actor_id;

    IF (SELECT count(*) FROM tenancy_private.rate_window AS w WHERE w.tenant_id = p_tenant_id) >= 1000
    THEN
        RAISE EXCEPTION 'too many different actions' USING
            ERRCODE = 'TN011', HINT = 'Name actions, not requests: at most 1000 in a minute.';
    END IF;

    INSERT INTO tenancy_private.rate_window (tenant_id, action, actor_id)
    VALUES (p_tenant_id, p_action, p_holder)
    ON CONFLICT (tenant_id, action, actor_id) DO NOTHING;
END;
$function$;

COMMENT ON FUNCTION tenancy_private.open_rate_window(uuid, text, uuid) IS
'Make a rate window and forget idle ones. Raises TN011.';

ALTER FUNCTION tenancy_private.open_rate_window(uuid, text, uuid) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy_private.open_rate_window(uuid, text, uuid) FROM public;

-- include: functions/tenancy_private/rate_of.sql
-- tenancy_private.rate_of(p_tenant_id, p_action, p_actor_id): a rate, and whose window it fills.
--
-- Order:       of the actor; of the action; in general; each of the tenant before that of the plan.
--              Without any row, 100. Unlimited is as much as an integer holds.
-- Tests:       tests/functions/tenancy/test_rate_limit.py

CREATE OR REPLACE FUNCTION tenancy_private.rate_of(
    p_tenant_id uuid,
    p_action text,
    p_actor_id uuid,
    OUT per_minute bigint,
    OUT holder uuid
)
RETURNS record
LANGUAGE plpgsql
STABLE
SECURITY INVOKER
AS $function$
BEGIN
    SELECT
        CASE
            WHEN a.actor_id IS NOT NULL THEN a.per_minute
            WHEN o.name IS NOT NULL THEN o.value
            WHEN p.name IS NOT NULL THEN p.value
            WHEN og.name IS NOT NULL THEN og.value
            WHEN pg.name IS NOT NULL THEN pg.value
            ELSE 100
        END,
        coalesce(a.actor_id, '00000000-0000-0000-0000-000000000000')
    INTO per_minute, holder
    FROM tenancy_private.tenant AS t
    LEFT JOIN tenancy_private.actor_rate AS a ON t.id = a.tenant_id AND a.actor_id = p_actor_id
    LEFT JOIN tenancy_private.tenant_limit AS o
        ON t.id = o.tenant_id AND o.name = 'rate_per_minute:' || p_action
    LEFT JOIN tenancy.plan_limit AS p
        ON t.plan = p.plan AND p.name = 'rate_per_minute:' || p_action
    LEFT JOIN tenancy_private.tenant_limit AS og
        ON t.id = og.tenant_id AND og.name = 'rate_per_minute'
    LEFT JOIN tenancy.plan_limit AS pg ON t.plan = pg.plan AND pg.name = 'rate_per_minute'
    WHERE t.id = p_tenant_id;
    per_minute := least(per_minute, 2147483647);
END;
$function$;

COMMENT ON FUNCTION tenancy_private.rate_of(uuid, text, uuid) IS
'Cost that is allowed in 60 seconds, and the actor whose window it is.';

ALTER FUNCTION tenancy_private.rate_of(uuid, text, uuid) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy_private.rate_of(uuid, text, uuid) FROM public;

-- include: functions/tenancy_private/rate_window_of.sql
-- tenancy_private.rate_window_of(p_tenant_id, p_action, p_holder, p_lock): a window as it is now.
--
-- p_lock:      keep it, made if need be, until COMMIT; otherwise what is committed, or nothing.
-- Standby:     cannot read what is not logged: nothing.
-- Tests:       tests/functions/tenancy/test_rate_limit.py

CREATE OR REPLACE FUNCTION tenancy_private.rate_window_of(
    p_tenant_id uuid,
    p_action text,
    p_holder uuid,
    p_lock boolean
)
RETURNS tenancy_private.rate_window
LANGUAGE plpgsql
VOLATILE
SECURITY INVOKER
AS $function$
DECLARE
    v_window tenancy_private.rate_window;
BEGIN
    IF pg_is_in_recovery() THEN
        RETURN NULL;
    ELSIF NOT p_lock THEN
        SELECT w.* INTO v_window
        FROM tenancy_private.rate_window AS w
        WHERE w.tenant_id = p_tenant_id AND w.action = p_action AND w.actor_id = p_holder;
        RETURN v_window;
    END IF;

    LOOP
        SELECT w.* INTO v_window
        FROM tenancy_private.rate_window AS w
        WHERE w.tenant_id = p_tenant_id AND w.action = p_action AND w.actor_id = p_holder
        FOR NO KEY UPDATE;
        EXIT WHEN FOUND;
        PERFORM tenancy_private.open_rate_window(p_tenant_id, p_action, p_holder);
    END LOOP;

    RETURN v_window;
END;
$function$;

COMMENT ON FUNCTION tenancy_private.rate_window_of(uuid, text, uuid, boolean) IS
'Read a rate window, or lock it.';

ALTER FUNCTION tenancy_private.rate_window_of(uuid, text, uuid, boolean) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy_private.rate_window_of(uuid, text, uuid, boolean) FROM public;

-- include: functions/tenancy_private/read_rate_window.sql
-- tenancy_private.read_rate_window(…): what of a window counts at p_now, and when p_cost fits in.
--
-- Result:      live is the first charge that is younger than 60 s; used their cost; fits_in is 0
--              when p_cost fits now, NULL when it never does.
-- Tests:       tests/functions/tenancy/test_rate_limit.py

CREATE OR REPLACE FUNCTION tenancy_private.read_rate_window(
    p_charged_at timestamptz[],
    p_costs integer[],
    p_rate bigint,
    p_cost bigint,
    p_now timestamptz,
    OUT live integer,
    OUT used bigint,
    OUT fits_in interval
)
RETURNS record
LANGUAGE plpgsql
STABLE
SECURITY INVOKER
AS $function$
DECLARE
    v_horizon timestamptz := p_now - interval '60 seconds';
    v_next integer;
    v_left bigint;
BEGIN
    live := 1;
    WHILE p_charged_at[live] <= v_horizon LOOP
        live := live + 1;
    END LOOP;
    used := 0;
    FOR i IN live .. coalesce(cardinality(p_costs), 0) LOOP
        used := used + p_costs[i];
    END LOOP;

    IF used + p_cost <= p_rate THEN
        fits_in := '0';
    ELSIF p_cost <= p_rate THEN
        v_next := live;
        v_left := used - p_costs[v_next];
        WHILE v_left + p_cost > p_rate LOOP
            v_next := v_next + 1;
            v_left := v_left - p_costs[v_next];
        END LOOP;
        fits_in := p_charged_at[v_next] - v_horizon;
    END IF;
END;
$function$;

COMMENT ON FUNCTION tenancy_private.read_rate_window(
    timestamptz[], integer[], bigint, bigint, timestamptz
) IS
'Read a rate window at a time.';

ALTER FUNCTION tenancy_private.read_rate_window(
    timestamptz[], integer[], bigint, bigint, timestamptz
) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy_private.read_rate_window(
    timestamptz[], integer[], bigint, bigint, timestamptz
) FROM public;

-- include: functions/tenancy_private/refuse_over_limit.sql
-- tenancy_private.refuse_over_limit(p_tenant_id, p_name, p_used, p_added): enforce a limit.
--
-- Binds:       whoever works in the tenant. Jobs (import, move) and sessions without a context
--              (maintenance) are counted, and not refused.
-- Raises:      TN010 limit reached.
-- Tests:       tests/functions/tenancy/test_limits.py

CREATE OR REPLACE FUNCTION tenancy_private.refuse_over_limit(
    p_tenant_id uuid,
    p_name text,
    p_used numeric,
    p_added numeric
)
RETURNS void
LANGUAGE plpgsql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_unit numeric := CASE p_name WHEN 'max_storage_gb' THEN 1073741824 ELSE 1 END;
    v_limit numeric := v_unit * tenancy_private.limit_of(p_tenant_id, p_name);
BEGIN
    IF p_added > 0 AND p_used > v_limit AND tenancy.actor_role() <> 'operator' THEN
        RAISE EXCEPTION 'limit reached: %', p_name USING
            ERRCODE = 'TN010',
            DETAIL = format(
                'limit %s, usage %s, requested %s%s', v_limit, p_used - p_added, p_added,
                CASE p_name WHEN 'max_storage_gb' THEN ' (bytes)' ELSE '' END
            ),
            HINT = 'Delete rows, or ask for a higher limit: SELECT * FROM tenancy.usage().';
    END IF;
END;
$function$;

COMMENT ON FUNCTION tenancy_private.refuse_over_limit(uuid, text, numeric, numeric) IS
'Raise TN010 when an addition exceeds a limit of the tenant.';

ALTER FUNCTION tenancy_private.refuse_over_limit(uuid, text, numeric, numeric)
OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy_private.refuse_over_limit(uuid, text, numeric, numeric) FROM public;

-- include: functions/tenancy_private/write_rate_window.sql
-- tenancy_private.write_rate_window(p_window, p_live, p_rate, p_cost, p_now): add a charge.
--
-- Result:      false when the window is not what it was when it was read.
-- Tests:       tests/functions/tenancy/test_rate_limit.py

CREATE OR REPLACE FUNCTION tenancy_private.write_rate_window(
    p_window tenancy_private.rate_window,
    p_live integer,
    p_rate bigint,
    p_cost integer,
    p_now timestamptz
)
RETURNS boolean
LANGUAGE plpgsql
VOLATILE
SECURITY INVOKER
AS $function$
DECLARE
    v_times timestamptz[] := p_window.charged_at[p_live:];
    v_costs integer[] := p_window.costs[p_live:];
    v_last integer := cardinality(v_times);
    v_at timestamptz := p_now;
BEGIN
    IF p_rate > 128 THEN
        v_at := date_bin('500 milliseconds', p_now, 'epoch') + interval '500 milliseconds';
    END IF;

    IF v_times[v_last] >= v_at THEN
        v_costs[v_last] := v_costs[v_last] + p_cost;
    ELSE
        v_times := v_times || v_at;
        v_costs := v_costs || p_cost;
    END IF;

    UPDATE tenancy_private.rate_window AS w
    SET charged_at = v_times, costs = v_costs, last_at = clock_timestamp(), version = w.version + 1
    WHERE w.tenant_id = p_window.tenant_id
      AND w.action = p_window.action
      AND w.actor_id = p_window.actor_id
      AND w.version = p_window.version;

    RETURN found;
END;
$function$;

COMMENT ON FUNCTION tenancy_private.write_rate_window(
    tenancy_private.rate_window, integer, bigint, integer, timestamptz
) IS
'Add a charge to a rate window that nobody changed since it was read.';

ALTER FUNCTION tenancy_private.write_rate_window(
    tenancy_private.rate_window, integer, bigint, integer, timestamptz
) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy_private.write_rate_window(
    tenancy_private.rate_window, integer, bigint, integer, timestamptz
) FROM public;

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

-- include: seeds/reference/7-plans.sql
-- Plans as shipped: professional is the product's, the others are around it. NULL is unlimited.

INSERT INTO tenancy.plan (plan, name)
VALUES ('starter', 'Starter'), ('professional', 'Professional'), ('enterprise', 'Enterprise')
ON CONFLICT (plan) DO UPDATE SET name = excluded.name;

-- What a platform changed in its own database stays.
INSERT INTO tenancy.plan_limit (plan, name, value)
VALUES
('starter', 'max_pins', 25),
('starter', 'max_orders_per_month', 1000),
('starter', 'max_storage_gb', 5),
('starter', 'rate_per_minute', 100),
('professional', 'max_pins', 100),
('professional', 'max_orders_per_month', 10000),
('professional', 'max_storage_gb', 50),
('professional', 'rate_per_minute', 100),
('enterprise', 'max_pins', 10000),
('enterprise', 'max_orders_per_month', NULL),
('enterprise', 'max_storage_gb', 1000),
('enterprise', 'rate_per_minute', 1000)
ON CONFLICT (plan, name) DO NOTHING;

INSERT INTO tenancy.plan_feature (plan, feature, value)
VALUES
('starter', 'voice_assistant', 'false'),
('starter', 'photo_booth', 'false'),
('starter', 'analytics', 'true'),
('starter', 'multi_location', 'false'),
('professional', 'voice_assistant', 'false'),
('professional', 'photo_booth', 'true'),
('professional', 'analytics', 'true'),
('professional', 'multi_location', 'false'),
('enterprise', 'voice_assistant', 'true'),
('enterprise', 'photo_booth', 'true'),
('enterprise', 'analytics', 'true'),
('enterprise', 'multi_location', 'true')
ON CONFLICT (plan, feature) DO NOTHING;

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
