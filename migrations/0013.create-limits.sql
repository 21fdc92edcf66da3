-- Plans, limits, feature flags, usage and rate windows.
-- depends: 0012.serve-api

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

-- by hand

CREATE TABLE tenancy.plan (
    plan text PRIMARY KEY CHECK (plan ~ '^[a-z][a-z_]{1,30}$'),
    name text NOT NULL
);
COMMENT ON TABLE tenancy.plan IS 'Commercial plans.';
COMMENT ON COLUMN tenancy.plan.plan IS 'Short name, as tenancy_private.tenant has it.';
COMMENT ON COLUMN tenancy.plan.name IS 'Name for people.';

CREATE TABLE tenancy.plan_limit (
    plan text NOT NULL REFERENCES tenancy.plan (plan),
    name text NOT NULL CHECK (
        name ~ '^(max_pins|max_orders_per_month|max_storage_gb|rate_per_minute(:[a-z][a-z0-9_.-]{0,62})?)$'
    ),
    value bigint CHECK (value >= 0),
    PRIMARY KEY (plan, name)
);
COMMENT ON TABLE tenancy.plan_limit IS 'What a plan allows. No row means no limit.';
COMMENT ON COLUMN tenancy.plan_limit.plan IS 'The plan.';
COMMENT ON COLUMN tenancy.plan_limit.name IS
'max_pins, max_orders_per_month, max_storage_gb (of 2^30 bytes), rate_per_minute, rate_per_minute:<action>.';
COMMENT ON COLUMN tenancy.plan_limit.value IS 'The limit; NULL is unlimited.';

CREATE TABLE tenancy.plan_feature (
    plan text NOT NULL REFERENCES tenancy.plan (plan),
    feature text NOT NULL CHECK (feature ~ '^[a-z][a-z0-9_]{0,62}$'),
    value jsonb NOT NULL,
    PRIMARY KEY (plan, feature)
);
COMMENT ON TABLE tenancy.plan_feature IS 'Feature flags of a plan: stored and served.';
COMMENT ON COLUMN tenancy.plan_feature.plan IS 'The plan.';
COMMENT ON COLUMN tenancy.plan_feature.feature IS 'Name of the flag.';
COMMENT ON COLUMN tenancy.plan_feature.value IS 'true, false, or any other JSON.';

GRANT SELECT ON tenancy.plan, tenancy.plan_limit, tenancy.plan_feature
TO pg_database_owner, tenancy_builder, tenancy_owner, tenancy_admin;

-- The names alone, so that tenants that exist already have a plan to refer to.
INSERT INTO tenancy.plan (plan, name)
VALUES ('starter', 'Starter'), ('professional', 'Professional'), ('enterprise', 'Enterprise');
-- Thousands of rows at most: checked at once.
-- squawk-ignore ban-drop-constraint
ALTER TABLE tenancy_private.tenant DROP CONSTRAINT tenant_plan_check;
ALTER TABLE tenancy_private.tenant
-- squawk-ignore adding-foreign-key-constraint, constraint-missing-not-valid
ADD CONSTRAINT tenant_plan_fkey FOREIGN KEY (plan) REFERENCES tenancy.plan (plan);

CREATE TABLE tenancy_private.tenant_limit (
    tenant_id uuid NOT NULL REFERENCES tenancy_private.tenant (id) ON DELETE CASCADE,
    name text NOT NULL CHECK (
        name ~ '^(max_pins|max_orders_per_month|max_storage_gb|rate_per_minute(:[a-z][a-z0-9_.-]{0,62})?)$'
    ),
    value bigint CHECK (value >= 0),
    PRIMARY KEY (tenant_id, name)
);
COMMENT ON TABLE tenancy_private.tenant_limit IS 'Limits of one tenant, instead of its plan''s.';
COMMENT ON COLUMN tenancy_private.tenant_limit.tenant_id IS 'The tenant.';
COMMENT ON COLUMN tenancy_private.tenant_limit.name IS 'As in tenancy.plan_limit.';
COMMENT ON COLUMN tenancy_private.tenant_limit.value IS 'The limit; NULL is unlimited.';

CREATE TABLE tenancy_private.tenant_feature (
    tenant_id uuid NOT NULL REFERENCES tenancy_private.tenant (id) ON DELETE CASCADE,
    feature text NOT NULL CHECK (feature ~ '^[a-z][a-z0-9_]{0,62}$'),
    value jsonb NOT NULL,
    PRIMARY KEY (tenant_id, feature)
);
COMMENT ON TABLE tenancy_private.tenant_feature IS 'Flags of one tenant, instead of its plan''s.';
COMMENT ON COLUMN tenancy_private.tenant_feature.tenant_id IS 'The tenant.';
COMMENT ON COLUMN tenancy_private.tenant_feature.feature IS 'As in tenancy.plan_feature.';
COMMENT ON COLUMN tenancy_private.tenant_feature.value IS 'true, false, or any other JSON.';

CREATE TABLE tenancy_private.usage_counter (
    tenant_id uuid PRIMARY KEY REFERENCES tenancy_private.tenant (id) ON DELETE CASCADE,
    pins bigint NOT NULL DEFAULT 0,
    storage_bytes numeric NOT NULL DEFAULT 0,
    time_zone text NOT NULL DEFAULT 'UTC'
) WITH (fillfactor = 50);
COMMENT ON TABLE tenancy_private.usage_counter IS
'What a tenant uses. Its row is the one lock of all counters of the tenant, always taken first.';
COMMENT ON COLUMN tenancy_private.usage_counter.tenant_id IS 'The tenant.';
COMMENT ON COLUMN tenancy_private.usage_counter.pins IS 'Rows in pins.';
COMMENT ON COLUMN tenancy_private.usage_counter.storage_bytes IS
'Sum of size_bytes in storage_objects; numeric, because two sizes can exceed bigint.';
COMMENT ON COLUMN tenancy_private.usage_counter.time_zone IS 'Copy of app.settings.time_zone.';

CREATE TABLE tenancy_private.usage_month (
    tenant_id uuid NOT NULL REFERENCES tenancy_private.tenant (id) ON DELETE CASCADE,
    month date NOT NULL CHECK (extract(DAY FROM month) = 1),
    starts_at timestamptz NOT NULL,
    ends_at timestamptz NOT NULL,
    orders bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (tenant_id, month),
    CONSTRAINT usage_month_ends_after_it_starts CHECK (ends_at > starts_at)
) WITH (fillfactor = 50);
COMMENT ON TABLE tenancy_private.usage_month IS
'Orders per month. Each calendar month exists once per tenant, and its bounds never move: a change of time zone counts from the next month on.';
COMMENT ON COLUMN tenancy_private.usage_month.tenant_id IS 'The tenant.';
COMMENT ON COLUMN tenancy_private.usage_month.month IS 'First day of the month.';
COMMENT ON COLUMN tenancy_private.usage_month.starts_at IS 'Where it began, in the zone of then.';
COMMENT ON COLUMN tenancy_private.usage_month.ends_at IS 'Where the next one begins.';
COMMENT ON COLUMN tenancy_private.usage_month.orders IS 'Orders made in it and not deleted.';

-- Not logged: a crash forgets at most one minute of calls.
CREATE UNLOGGED TABLE tenancy_private.rate_window (
    tenant_id uuid NOT NULL REFERENCES tenancy_private.tenant (id) ON DELETE CASCADE,
    action text COLLATE "C" NOT NULL,
    actor_id uuid NOT NULL,
    charged_at timestamptz [] NOT NULL DEFAULT '{}',
    costs integer [] NOT NULL DEFAULT '{}',
    last_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    version bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (tenant_id, action, actor_id)
) WITH (fillfactor = 40);
COMMENT ON TABLE tenancy_private.rate_window IS
'Charges of the last minute per tenant, action and actor. Unlogged: empty after a crash.';
COMMENT ON COLUMN tenancy_private.rate_window.tenant_id IS 'The tenant.';
COMMENT ON COLUMN tenancy_private.rate_window.action IS 'What is limited.';
COMMENT ON COLUMN tenancy_private.rate_window.actor_id IS
'Actor with a rate of its own; zeros for everybody else.';
COMMENT ON COLUMN tenancy_private.rate_window.charged_at IS 'When, oldest first.';
COMMENT ON COLUMN tenancy_private.rate_window.costs IS 'How much, in the same order.';
COMMENT ON COLUMN tenancy_private.rate_window.last_at IS 'Of the last charge.';
COMMENT ON COLUMN tenancy_private.rate_window.version IS 'Grows by one with each charge.';

CREATE TABLE tenancy_private.actor_rate (
    tenant_id uuid NOT NULL REFERENCES tenancy_private.tenant (id) ON DELETE CASCADE,
    actor_id uuid NOT NULL,
    per_minute integer NOT NULL CHECK (per_minute >= 0),
    PRIMARY KEY (tenant_id, actor_id)
);
COMMENT ON TABLE tenancy_private.actor_rate IS 'Keys and people with a rate of their own.';
COMMENT ON COLUMN tenancy_private.actor_rate.tenant_id IS 'The tenant.';
COMMENT ON COLUMN tenancy_private.actor_rate.actor_id IS
'Id of a secret key, or of the person it or a token names.';
COMMENT ON COLUMN tenancy_private.actor_rate.per_minute IS 'Cost allowed in 60 s, per action.';

DO $owner$
DECLARE
    v_relation regclass;
BEGIN
    FOREACH v_relation IN ARRAY ARRAY[
        'tenancy.plan', 'tenancy.plan_limit', 'tenancy.plan_feature',
        'tenancy_private.tenant_limit', 'tenancy_private.tenant_feature',
        'tenancy_private.usage_counter', 'tenancy_private.usage_month',
        'tenancy_private.rate_window', 'tenancy_private.actor_rate'
    ]::regclass [] LOOP
        EXECUTE pg_catalog.format('ALTER TABLE %s OWNER TO tenancy_kernel', v_relation);
    END LOOP;
END;
$owner$;

-- What is counted from now on starts from what is there. Without maintenance the wall hides it.
SELECT tenancy_private.begin_maintenance(t.relation)
FROM unnest('{app.pins,app.storage_objects,app.orders,app.settings}'::regclass []) AS t (relation);

-- A name of letters is never read as a POSIX zone, whose offset may be a week.
-- squawk-ignore constraint-missing-not-valid
ALTER TABLE app.settings ADD CONSTRAINT settings_time_zone_check CHECK (
    time_zone ~ '^([A-Za-z_/-]+|Etc/GMT[+-]([0-9]|1[0-4]))$'
    AND (timestamptz 'epoch' AT TIME ZONE time_zone) IS NOT NULL
);

INSERT INTO tenancy_private.usage_counter (tenant_id, pins, storage_bytes, time_zone)
SELECT
    t.id,
    (SELECT count(*) FROM app.pins AS p WHERE p.tenant_id = t.id),
    (SELECT coalesce(sum(o.size_bytes), 0) FROM app.storage_objects AS o WHERE o.tenant_id = t.id),
    coalesce((SELECT s.time_zone FROM app.settings AS s WHERE s.tenant_id = t.id), 'UTC')
FROM tenancy_private.tenant AS t;

INSERT INTO tenancy_private.usage_month (tenant_id, month, starts_at, ends_at, orders)
SELECT m.tenant_id, m.month, m.starts_at, m.ends_at, (
    SELECT count(*)
    FROM app.orders AS o
    WHERE o.tenant_id = m.tenant_id AND o.created_at >= m.starts_at AND o.created_at < m.ends_at
)
FROM (
    SELECT
        u.tenant_id,
        l.month::date AS month,
        l.month AT TIME ZONE u.time_zone AS starts_at,
        (l.month + interval '1 month') AT TIME ZONE u.time_zone AS ends_at
    FROM tenancy_private.usage_counter AS u
    CROSS JOIN LATERAL date_trunc('month', now() AT TIME ZONE u.time_zone) AS l (month)
) AS m;

SELECT tenancy_private.end_maintenance(t.relation)
FROM unnest('{app.pins,app.storage_objects,app.orders,app.settings}'::regclass []) AS t (relation);

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
