-- sql/views/api/tenants.sql: the caller's own tenant, one row, under the product's names.
-- Nothing to write: tenants are made by tenancy.create_tenant().

CREATE OR REPLACE VIEW api.tenants
WITH (security_invoker = true, security_barrier = true) AS
SELECT
    t.tenant_id,
    t.slug,
    t.slug AS subdomain,
    t.name,
    t.industry,
    t.status,
    t.custom_domain,
    upper(t.region) AS data_residency
FROM tenancy.current_tenant() AS t;

COMMENT ON VIEW api.tenants IS
'The public fields of the tenant of the request; no row for any other.';

COMMENT ON COLUMN api.tenants.tenant_id IS 'Its id: the tenant_id of every row.';
COMMENT ON COLUMN api.tenants.slug IS 'Its name in host names.';
COMMENT ON COLUMN api.tenants.subdomain IS 'The same, under the product''s name.';
COMMENT ON COLUMN api.tenants.name IS 'Name for people.';
COMMENT ON COLUMN api.tenants.industry IS 'restaurant, medspa or hotel.';
COMMENT ON COLUMN api.tenants.status IS 'Stage of life.';
COMMENT ON COLUMN api.tenants.data_residency IS 'Region of its data: US, EU or APAC.';
COMMENT ON COLUMN api.tenants.custom_domain IS 'Host name of its own, if any.';

ALTER VIEW api.tenants OWNER TO tenancy_owner;
REVOKE ALL ON api.tenants FROM public;
GRANT SELECT (
    tenant_id, slug, subdomain, name, industry, status, data_residency, custom_domain
) ON api.tenants
TO tenancy_customer, tenancy_staff, tenancy_manager, tenancy_admin;
