-- sql/views/api/patients.sql: app.patients for PostgREST.
-- Written by `make policies`. Invoker: wall, doors and grants of the table hold.

CREATE OR REPLACE VIEW api.patients
WITH (security_invoker = true, security_barrier = true) AS
SELECT
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
FROM app.patients;

COMMENT ON VIEW api.patients IS
'app.patients as PostgREST serves it.';

COMMENT ON COLUMN api.patients.tenant_id IS 'Tenant: proven by the context.';
COMMENT ON COLUMN api.patients.id IS 'Time-ordered id, unique inside the tenant.';
COMMENT ON COLUMN api.patients.customer_id IS 'Their customer account, if any.';
COMMENT ON COLUMN api.patients.full_name IS 'Name.';
COMMENT ON COLUMN api.patients.birth_date IS 'Date of birth.';
COMMENT ON COLUMN api.patients.ssn IS 'Social security number.';
COMMENT ON COLUMN api.patients.medical_history IS 'Medical history.';
COMMENT ON COLUMN api.patients.allergies IS 'Allergies.';
COMMENT ON COLUMN api.patients.status IS 'Standing of the patient.';
COMMENT ON COLUMN api.patients.metadata IS 'Free fields of the tenant''s own systems.';
COMMENT ON COLUMN api.patients.created_at IS 'When the row was made.';
COMMENT ON COLUMN api.patients.updated_at IS 'When it last changed; kept by a trigger.';

ALTER VIEW api.patients OWNER TO tenancy_owner;

REVOKE ALL ON api.patients
FROM public, tenancy_customer, tenancy_staff, tenancy_manager, tenancy_admin, tenancy_operator;

GRANT DELETE ON api.patients TO tenancy_customer, tenancy_manager, tenancy_admin;

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
) ON api.patients
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
) ON api.patients
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
) ON api.patients
TO tenancy_customer, tenancy_staff, tenancy_manager, tenancy_admin;
