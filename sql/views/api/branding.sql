-- sql/views/api/branding.sql: the part of app.settings that customers read.
-- Why: a security_invoker view checks every column that it names, used or not, so api.settings is
-- closed to who may read three of them.

CREATE OR REPLACE VIEW api.branding
WITH (security_invoker = true, security_barrier = true) AS
SELECT
    tenant_id,
    id,
    branding
FROM app.settings;

COMMENT ON VIEW api.branding IS 'Logo and colours of the tenant, for everybody in it.';

COMMENT ON COLUMN api.branding.tenant_id IS 'Tenant: proven by the context.';
COMMENT ON COLUMN api.branding.id IS 'Time-ordered id, unique inside the tenant.';
COMMENT ON COLUMN api.branding.branding IS 'Logo and colours.';

ALTER VIEW api.branding OWNER TO tenancy_owner;
REVOKE ALL ON api.branding FROM public;
GRANT SELECT (tenant_id, id, branding) ON api.branding
TO tenancy_customer, tenancy_staff, tenancy_manager, tenancy_admin;
