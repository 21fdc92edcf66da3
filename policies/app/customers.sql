-- policies/app/customers.sql: who reaches a row, as tenancy.access_matrix says.
-- Written by `make policies`; the wall stands alone, the doors are one per rule.

DROP POLICY IF EXISTS owner_door ON app.customers;
DROP POLICY IF EXISTS subject_delete ON app.customers;
DROP POLICY IF EXISTS subject_insert ON app.customers;
DROP POLICY IF EXISTS subject_select ON app.customers;
DROP POLICY IF EXISTS subject_update ON app.customers;
DROP POLICY IF EXISTS tenant_delete ON app.customers;
DROP POLICY IF EXISTS tenant_insert ON app.customers;
DROP POLICY IF EXISTS tenant_select ON app.customers;
DROP POLICY IF EXISTS tenant_update ON app.customers;
DROP POLICY IF EXISTS tenant_wall ON app.customers;

ALTER TABLE app.customers ENABLE ROW LEVEL SECURITY;
ALTER TABLE app.customers FORCE ROW LEVEL SECURITY;

CREATE POLICY tenant_wall ON app.customers AS RESTRICTIVE FOR ALL TO public
USING (tenant_id = (SELECT tenancy.tenant_id()))
WITH CHECK (tenant_id = (SELECT tenancy.tenant_id()));

COMMENT ON POLICY tenant_wall ON app.customers IS
'Restrictive: no permissive policy added later can cross tenants.';

CREATE POLICY owner_door ON app.customers TO tenancy_owner USING (true);

COMMENT ON POLICY owner_door ON app.customers IS
'Definer functions of the owner work, and only inside the tenant.';

CREATE POLICY subject_delete ON app.customers FOR DELETE
TO tenancy_customer
USING (id = (SELECT tenancy.actor_id()));

CREATE POLICY subject_insert ON app.customers FOR INSERT
TO tenancy_customer
WITH CHECK (id = (SELECT tenancy.actor_id()));

CREATE POLICY subject_select ON app.customers FOR SELECT
TO tenancy_customer
USING (id = (SELECT tenancy.actor_id()));

CREATE POLICY subject_update ON app.customers FOR UPDATE
TO tenancy_customer
USING (id = (SELECT tenancy.actor_id()))
WITH CHECK (id = (SELECT tenancy.actor_id()));

CREATE POLICY tenant_delete ON app.customers FOR DELETE
TO tenancy_manager, tenancy_admin
USING (true);

CREATE POLICY tenant_insert ON app.customers FOR INSERT
TO tenancy_staff, tenancy_manager, tenancy_admin
WITH CHECK (true);

CREATE POLICY tenant_select ON app.customers FOR SELECT
TO tenancy_staff, tenancy_manager, tenancy_admin
USING (true);

CREATE POLICY tenant_update ON app.customers FOR UPDATE
TO tenancy_staff, tenancy_manager, tenancy_admin
USING (true)
WITH CHECK (true);

REVOKE ALL ON app.customers
FROM public, tenancy_customer, tenancy_staff, tenancy_manager, tenancy_admin, tenancy_operator;

GRANT DELETE ON app.customers TO tenancy_customer, tenancy_manager, tenancy_admin;

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
) ON app.customers
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
) ON app.customers
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
) ON app.customers
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
) ON app.customers
TO tenancy_staff, tenancy_manager, tenancy_admin;

GRANT UPDATE (
    id,
    email,
    full_name,
    phone,
    locale,
    marketing_opt_in,
    metadata
) ON app.customers
TO tenancy_customer;
