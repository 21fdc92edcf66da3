-- sql/views/api/customers.sql: app.customers for PostgREST.
-- Written by `make policies`. Invoker: wall, doors and grants of the table hold.

CREATE OR REPLACE VIEW api.customers
WITH (security_invoker = true, security_barrier = true) AS
SELECT
    tenant_id,
    id,
    email,
    full_name,
    phone,
    locale,
    marketing_opt_in,
    loyalty_points,
    notes,
    metadata,
    created_at,
    updated_at
FROM app.customers;

COMMENT ON VIEW api.customers IS
'app.customers as PostgREST serves it.';

COMMENT ON COLUMN api.customers.tenant_id IS 'Tenant: proven by the context.';
COMMENT ON COLUMN api.customers.id IS 'Time-ordered id, unique inside the tenant.';
COMMENT ON COLUMN api.customers.email IS 'E-mail address, as given; unique inside the tenant in lower case.';
COMMENT ON COLUMN api.customers.full_name IS 'Name as the person writes it.';
COMMENT ON COLUMN api.customers.phone IS 'Telephone number, as given.';
COMMENT ON COLUMN api.customers.locale IS 'Language tag (BCP 47).';
COMMENT ON COLUMN api.customers.marketing_opt_in IS 'Agreed to advertising.';
COMMENT ON COLUMN api.customers.loyalty_points IS 'Balance of the loyalty programme.';
COMMENT ON COLUMN api.customers.notes IS 'What staff wrote down.';
COMMENT ON COLUMN api.customers.metadata IS 'Free fields of the tenant''s own systems.';
COMMENT ON COLUMN api.customers.created_at IS 'When the row was made.';
COMMENT ON COLUMN api.customers.updated_at IS 'When it last changed; kept by a trigger.';

ALTER VIEW api.customers OWNER TO tenancy_owner;

REVOKE ALL ON api.customers
FROM public, tenancy_customer, tenancy_staff, tenancy_manager, tenancy_admin, tenancy_operator;

GRANT DELETE ON api.customers TO tenancy_customer, tenancy_manager, tenancy_admin;

GRANT INSERT (
    tenant_id,
    id,
    email,
    full_name,
    phone,
    locale,
    marketing_opt_in,
    loyalty_points,
    notes,
    metadata
) ON api.customers
TO tenancy_staff, tenancy_manager, tenancy_admin;

GRANT INSERT (
    tenant_id,
    id,
    email,
    full_name,
    phone,
    locale,
    marketing_opt_in,
    metadata
) ON api.customers
TO tenancy_customer;

GRANT SELECT (
    tenant_id,
    id,
    email,
    full_name,
    phone,
    locale,
    marketing_opt_in,
    loyalty_points,
    notes,
    metadata,
    created_at,
    updated_at
) ON api.customers
TO tenancy_customer, tenancy_staff, tenancy_manager, tenancy_admin;

GRANT UPDATE (
    id,
    email,
    full_name,
    phone,
    locale,
    marketing_opt_in,
    loyalty_points,
    notes,
    metadata
) ON api.customers
TO tenancy_staff, tenancy_manager, tenancy_admin;

GRANT UPDATE (
    id,
    email,
    full_name,
    phone,
    locale,
    marketing_opt_in,
    metadata
) ON api.customers
TO tenancy_customer;
