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

-- drop: functions/app/orders_between.sql
DROP FUNCTION app.orders_between(uuid, timestamptz, timestamptz);

-- drop: functions/app/usage_of.sql
DROP FUNCTION app.usage_of(uuid);

-- drop: functions/tenancy/check_rate_limit.sql
DROP FUNCTION tenancy.check_rate_limit(text, integer);

-- drop: functions/tenancy/feature.sql
DROP FUNCTION tenancy.feature(text);

-- drop: functions/tenancy/reconcile_usage.sql
DROP FUNCTION tenancy.reconcile_usage(uuid);

-- drop: functions/tenancy/reset_limit.sql
DROP FUNCTION tenancy.reset_limit(uuid, text);

-- drop: functions/tenancy/set_actor_rate.sql
DROP FUNCTION tenancy.set_actor_rate(uuid, uuid, integer);

-- drop: functions/tenancy/set_feature.sql
DROP FUNCTION tenancy.set_feature(uuid, text, jsonb);

-- drop: functions/tenancy/set_limit.sql
DROP FUNCTION tenancy.set_limit(uuid, text, bigint);

-- drop: functions/tenancy/set_plan.sql
DROP FUNCTION tenancy.set_plan(uuid, text);

-- clear: sql/triggers/app/orders.sql
DROP TRIGGER _400_count_deleted ON app.orders;
DROP TRIGGER _400_count_inserted ON app.orders;

-- drop: functions/tenancy/tg_count_orders.sql
DROP FUNCTION tenancy.tg_count_orders();

-- clear: sql/triggers/app/pins.sql
DROP TRIGGER _400_count_deleted ON app.pins;
DROP TRIGGER _400_count_inserted ON app.pins;

-- drop: functions/tenancy/tg_count_pins.sql
DROP FUNCTION tenancy.tg_count_pins();

-- clear: sql/triggers/app/storage_objects.sql
DROP TRIGGER _400_count_deleted ON app.storage_objects;
DROP TRIGGER _400_count_inserted ON app.storage_objects;

-- drop: functions/tenancy/tg_count_storage.sql
DROP FUNCTION tenancy.tg_count_storage();

-- clear: sql/triggers/app/orders.sql
DROP TRIGGER _050_lock_usage ON app.orders;

-- clear: sql/triggers/app/pins.sql
DROP TRIGGER _050_lock_usage ON app.pins;

-- clear: sql/triggers/app/settings.sql
DROP TRIGGER _050_lock_usage ON app.settings;

-- clear: sql/triggers/app/storage_objects.sql
DROP TRIGGER _050_lock_usage ON app.storage_objects;

-- drop: functions/tenancy/tg_lock_usage.sql
DROP FUNCTION tenancy.tg_lock_usage();

-- clear: sql/triggers/app/settings.sql
DROP TRIGGER _400_note_time_zone ON app.settings;

-- drop: functions/tenancy/tg_note_time_zone.sql
DROP FUNCTION tenancy.tg_note_time_zone();

-- clear: sql/triggers/app/storage_objects.sql
DROP TRIGGER _400_count_resized ON app.storage_objects;

-- drop: functions/tenancy/tg_resize_storage.sql
DROP FUNCTION tenancy.tg_resize_storage();

-- drop: functions/tenancy/usage.sql
DROP FUNCTION tenancy.usage();

-- drop: functions/tenancy_private/limit_of.sql
DROP FUNCTION tenancy_private.limit_of(uuid, text);

-- drop: functions/tenancy_private/month_at.sql
DROP FUNCTION tenancy_private.month_at(uuid, text, timestamptz);

-- drop: functions/tenancy_private/charge_rate.sql
DROP FUNCTION tenancy_private.charge_rate(uuid, text, uuid, integer, timestamptz);

-- drop: functions/tenancy_private/is_over_rate.sql
DROP FUNCTION tenancy_private.is_over_rate(uuid, text, uuid);

-- drop: functions/tenancy_private/lock_usage.sql
DROP FUNCTION tenancy_private.lock_usage(uuid);

-- drop: functions/tenancy_private/open_month.sql
DROP FUNCTION tenancy_private.open_month(uuid, timestamptz);

-- drop: functions/tenancy_private/open_rate_window.sql
DROP FUNCTION tenancy_private.open_rate_window(uuid, text, uuid);

-- drop: functions/tenancy_private/rate_of.sql
DROP FUNCTION tenancy_private.rate_of(uuid, text, uuid);

-- drop: functions/tenancy_private/rate_window_of.sql
DROP FUNCTION tenancy_private.rate_window_of(uuid, text, uuid, boolean);

-- drop: functions/tenancy_private/read_rate_window.sql
DROP FUNCTION tenancy_private.read_rate_window(timestamptz[], integer[], bigint, bigint, timestamptz);

-- drop: functions/tenancy_private/refuse_over_limit.sql
DROP FUNCTION tenancy_private.refuse_over_limit(uuid, text, numeric, numeric);

-- drop: functions/tenancy_private/write_rate_window.sql
DROP FUNCTION tenancy_private.write_rate_window(tenancy_private.rate_window, integer, bigint, integer, timestamptz);

-- drop: seeds/reference/7-plans.sql

-- include: sql/triggers/app/orders.sql
-- sql/triggers/app/orders.sql

CREATE OR REPLACE TRIGGER _100_keep_identity
BEFORE UPDATE ON app.orders
FOR EACH ROW EXECUTE FUNCTION tenancy.tg_keep_identity();

CREATE OR REPLACE TRIGGER _200_touch
BEFORE UPDATE ON app.orders
FOR EACH ROW EXECUTE FUNCTION app.tg_touch();

-- include: sql/triggers/app/pins.sql
-- sql/triggers/app/pins.sql

CREATE OR REPLACE TRIGGER _100_keep_identity
BEFORE UPDATE ON app.pins
FOR EACH ROW EXECUTE FUNCTION tenancy.tg_keep_identity();

CREATE OR REPLACE TRIGGER _200_touch
BEFORE UPDATE ON app.pins
FOR EACH ROW EXECUTE FUNCTION app.tg_touch();

-- include: sql/triggers/app/settings.sql
-- sql/triggers/app/settings.sql

CREATE OR REPLACE TRIGGER _100_keep_identity
BEFORE UPDATE ON app.settings
FOR EACH ROW EXECUTE FUNCTION tenancy.tg_keep_identity();

CREATE OR REPLACE TRIGGER _200_touch
BEFORE UPDATE ON app.settings
FOR EACH ROW EXECUTE FUNCTION app.tg_touch();

-- include: sql/triggers/app/storage_objects.sql
-- sql/triggers/app/storage_objects.sql

CREATE OR REPLACE TRIGGER _100_keep_identity
BEFORE UPDATE ON app.storage_objects
FOR EACH ROW EXECUTE FUNCTION tenancy.tg_keep_identity();

CREATE OR REPLACE TRIGGER _200_touch
BEFORE UPDATE ON app.storage_objects
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
