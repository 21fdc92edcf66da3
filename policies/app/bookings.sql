-- policies/app/bookings.sql: who reaches a row, as tenancy.access_matrix says.
-- Written by `make policies`; the wall stands alone, the doors are one per rule.

DROP POLICY IF EXISTS owner_door ON app.bookings;
DROP POLICY IF EXISTS subject_delete ON app.bookings;
DROP POLICY IF EXISTS subject_insert ON app.bookings;
DROP POLICY IF EXISTS subject_select ON app.bookings;
DROP POLICY IF EXISTS subject_update ON app.bookings;
DROP POLICY IF EXISTS tenant_delete ON app.bookings;
DROP POLICY IF EXISTS tenant_insert ON app.bookings;
DROP POLICY IF EXISTS tenant_select ON app.bookings;
DROP POLICY IF EXISTS tenant_update ON app.bookings;
DROP POLICY IF EXISTS tenant_wall ON app.bookings;

ALTER TABLE app.bookings ENABLE ROW LEVEL SECURITY;
ALTER TABLE app.bookings FORCE ROW LEVEL SECURITY;

CREATE POLICY tenant_wall ON app.bookings AS RESTRICTIVE FOR ALL TO public
USING (tenant_id = (SELECT tenancy.tenant_id()))
WITH CHECK (tenant_id = (SELECT tenancy.tenant_id()));

COMMENT ON POLICY tenant_wall ON app.bookings IS
'Restrictive: no permissive policy added later can cross tenants.';

CREATE POLICY owner_door ON app.bookings TO tenancy_owner USING (true);

COMMENT ON POLICY owner_door ON app.bookings IS
'Definer functions of the owner work, and only inside the tenant.';

CREATE POLICY subject_delete ON app.bookings FOR DELETE
TO tenancy_customer
USING (customer_id = (SELECT tenancy.actor_id()));

CREATE POLICY subject_insert ON app.bookings FOR INSERT
TO tenancy_customer
WITH CHECK (customer_id = (SELECT tenancy.actor_id()));

CREATE POLICY subject_select ON app.bookings FOR SELECT
TO tenancy_customer
USING (customer_id = (SELECT tenancy.actor_id()));

CREATE POLICY subject_update ON app.bookings FOR UPDATE
TO tenancy_customer
USING (customer_id = (SELECT tenancy.actor_id()))
WITH CHECK (customer_id = (SELECT tenancy.actor_id()));

CREATE POLICY tenant_delete ON app.bookings FOR DELETE
TO tenancy_manager, tenancy_admin
USING (true);

CREATE POLICY tenant_insert ON app.bookings FOR INSERT
TO tenancy_staff, tenancy_manager, tenancy_admin
WITH CHECK (true);

CREATE POLICY tenant_select ON app.bookings FOR SELECT
TO tenancy_staff, tenancy_manager, tenancy_admin
USING (true);

CREATE POLICY tenant_update ON app.bookings FOR UPDATE
TO tenancy_staff, tenancy_manager, tenancy_admin
USING (true)
WITH CHECK (true);

REVOKE ALL ON app.bookings
FROM public, tenancy_customer, tenancy_staff, tenancy_manager, tenancy_admin, tenancy_operator;

GRANT DELETE ON app.bookings TO tenancy_customer, tenancy_manager, tenancy_admin;

GRANT INSERT (
    tenant_id,
    id,
    customer_id,
    patient_id,
    service,
    status,
    starts_at,
    ends_at,
    time_zone,
    party_size,
    currency,
    price,
    notes,
    metadata
) ON app.bookings
TO tenancy_customer, tenancy_staff, tenancy_manager, tenancy_admin;

GRANT SELECT (
    tenant_id,
    id,
    customer_id,
    patient_id,
    service,
    status,
    starts_at,
    ends_at,
    time_zone,
    party_size,
    currency,
    price,
    notes,
    metadata,
    created_at,
    updated_at
) ON app.bookings
TO tenancy_customer, tenancy_staff, tenancy_manager, tenancy_admin;

GRANT UPDATE (
    id,
    customer_id,
    patient_id,
    service,
    status,
    starts_at,
    ends_at,
    time_zone,
    party_size,
    currency,
    price,
    notes,
    metadata
) ON app.bookings
TO tenancy_customer, tenancy_staff, tenancy_manager, tenancy_admin;
