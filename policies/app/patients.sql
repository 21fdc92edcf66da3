-- policies/app/patients.sql: who reaches a row, as tenancy.access_matrix says.
-- Written by `make policies`; the wall stands alone, the doors are one per rule.

DROP POLICY IF EXISTS owner_door ON app.patients;
DROP POLICY IF EXISTS subject_delete ON app.patients;
DROP POLICY IF EXISTS subject_insert ON app.patients;
DROP POLICY IF EXISTS subject_select ON app.patients;
DROP POLICY IF EXISTS subject_update ON app.patients;
DROP POLICY IF EXISTS tenant_delete ON app.patients;
DROP POLICY IF EXISTS tenant_insert ON app.patients;
DROP POLICY IF EXISTS tenant_select ON app.patients;
DROP POLICY IF EXISTS tenant_update ON app.patients;
DROP POLICY IF EXISTS tenant_wall ON app.patients;

ALTER TABLE app.patients ENABLE ROW LEVEL SECURITY;
ALTER TABLE app.patients FORCE ROW LEVEL SECURITY;

CREATE POLICY tenant_wall ON app.patients AS RESTRICTIVE FOR ALL TO public
USING (tenant_id = (SELECT tenancy.tenant_id()))
WITH CHECK (tenant_id = (SELECT tenancy.tenant_id()));

COMMENT ON POLICY tenant_wall ON app.patients IS
'Restrictive: no permissive policy added later can cross tenants.';

CREATE POLICY owner_door ON app.patients TO tenancy_owner USING (true);

COMMENT ON POLICY owner_door ON app.patients IS
'Definer functions of the owner work, and only inside the tenant.';

CREATE POLICY subject_delete ON app.patients FOR DELETE
TO tenancy_customer
USING (customer_id = (SELECT tenancy.actor_id()));

CREATE POLICY subject_insert ON app.patients FOR INSERT
TO tenancy_customer
WITH CHECK (customer_id = (SELECT tenancy.actor_id()));

CREATE POLICY subject_select ON app.patients FOR SELECT
TO tenancy_customer
USING (customer_id = (SELECT tenancy.actor_id()));

CREATE POLICY subject_update ON app.patients FOR UPDATE
TO tenancy_customer
USING (customer_id = (SELECT tenancy.actor_id()))
WITH CHECK (customer_id = (SELECT tenancy.actor_id()));

CREATE POLICY tenant_delete ON app.patients FOR DELETE
TO tenancy_manager, tenancy_admin
USING (true);

CREATE POLICY tenant_insert ON app.patients FOR INSERT
TO tenancy_staff, tenancy_manager, tenancy_admin
WITH CHECK (true);

CREATE POLICY tenant_select ON app.patients FOR SELECT
TO tenancy_staff, tenancy_manager, tenancy_admin
USING (true);

CREATE POLICY tenant_update ON app.patients FOR UPDATE
TO tenancy_staff, tenancy_manager, tenancy_admin
USING (true)
WITH CHECK (true);

REVOKE ALL ON app.patients
FROM public, tenancy_customer, tenancy_staff, tenancy_manager, tenancy_admin, tenancy_operator;

GRANT DELETE ON app.patients TO tenancy_customer, tenancy_manager, tenancy_admin;

GRANT INSERT (
    tenant_id,
    id,
    customer_id,
    full_name,
    birth_date,
    ssn,
    medical_history,
    allergies,
    status,
    metadata
) ON app.patients
TO tenancy_customer, tenancy_staff, tenancy_manager, tenancy_admin;

GRANT SELECT (
    tenant_id,
    id,
    customer_id,
    full_name,
    birth_date,
    ssn,
    medical_history,
    allergies,
    status,
    metadata,
    created_at,
    updated_at
) ON app.patients
TO tenancy_customer, tenancy_staff, tenancy_manager, tenancy_admin;

GRANT UPDATE (
    id,
    customer_id,
    full_name,
    birth_date,
    ssn,
    medical_history,
    allergies,
    status,
    metadata
) ON app.patients
TO tenancy_customer, tenancy_staff, tenancy_manager, tenancy_admin;
