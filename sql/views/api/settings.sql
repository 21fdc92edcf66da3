-- sql/views/api/settings.sql: app.settings for PostgREST.
-- Written by `make policies`. Invoker: wall, doors and grants of the table hold.

CREATE OR REPLACE VIEW api.settings
WITH (security_invoker = true, security_barrier = true) AS
SELECT
    tenant_id,
    id,
    branding,
    notifications,
    features,
    time_zone,
    currency,
    metadata,
    created_at,
    updated_at
FROM app.settings;

COMMENT ON VIEW api.settings IS
'app.settings as PostgREST serves it.';

COMMENT ON COLUMN api.settings.tenant_id IS 'Tenant: proven by the context.';
COMMENT ON COLUMN api.settings.id IS 'Time-ordered id, unique inside the tenant.';
COMMENT ON COLUMN api.settings.branding IS 'Logo and colours; readable by customers.';
COMMENT ON COLUMN api.settings.notifications IS 'Which messages are sent.';
COMMENT ON COLUMN api.settings.features IS 'Feature flags: stored and served.';
COMMENT ON COLUMN api.settings.time_zone IS 'Zone of the place (IANA name).';
COMMENT ON COLUMN api.settings.currency IS 'Default currency (ISO 4217).';
COMMENT ON COLUMN api.settings.metadata IS 'Free fields of the tenant''s own systems.';
COMMENT ON COLUMN api.settings.created_at IS 'When the row was made.';
COMMENT ON COLUMN api.settings.updated_at IS 'When it last changed; kept by a trigger.';

ALTER VIEW api.settings OWNER TO tenancy_owner;

REVOKE ALL ON api.settings
FROM public, tenancy_customer, tenancy_staff, tenancy_manager, tenancy_admin, tenancy_operator;

GRANT DELETE ON api.settings TO tenancy_manager, tenancy_admin;

GRANT INSERT (
    tenant_id,
    id,
    branding,
    notifications,
    features,
    time_zone,
    currency,
    metadata
) ON api.settings
TO tenancy_manager, tenancy_admin;

GRANT SELECT (
    tenant_id,
    id,
    branding
) ON api.settings
TO tenancy_customer;

GRANT SELECT (
    tenant_id,
    id,
    branding,
    notifications,
    features,
    time_zone,
    currency,
    metadata,
    created_at,
    updated_at
) ON api.settings
TO tenancy_staff, tenancy_manager, tenancy_admin;

GRANT UPDATE (
    id,
    branding,
    notifications,
    features,
    time_zone,
    currency,
    metadata
) ON api.settings
TO tenancy_manager, tenancy_admin;
