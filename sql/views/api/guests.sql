-- sql/views/api/guests.sql: app.guests for PostgREST.
-- Written by `make policies`. Invoker: wall, doors and grants of the table hold.

CREATE OR REPLACE VIEW api.guests
WITH (security_invoker = true, security_barrier = true) AS
SELECT
    tenant_id,
    id,
    customer_id,
    full_name,
    email,
    nationality,
    document_number,
    preferences,
    metadata,
    created_at,
    updated_at
FROM app.guests;

COMMENT ON VIEW api.guests IS
'app.guests as PostgREST serves it.';

COMMENT ON COLUMN api.guests.tenant_id IS 'Tenant: proven by the context.';
COMMENT ON COLUMN api.guests.id IS 'Time-ordered id, unique inside the tenant.';
COMMENT ON COLUMN api.guests.customer_id IS 'Their customer account, if any.';
COMMENT ON COLUMN api.guests.full_name IS 'Name.';
COMMENT ON COLUMN api.guests.email IS 'E-mail address.';
COMMENT ON COLUMN api.guests.nationality IS 'Country (ISO 3166-1 alpha-2).';
COMMENT ON COLUMN api.guests.document_number IS 'Number of the travel document.';
COMMENT ON COLUMN api.guests.preferences IS 'Room, pillow, newspaper.';
COMMENT ON COLUMN api.guests.metadata IS 'Free fields of the tenant''s own systems.';
COMMENT ON COLUMN api.guests.created_at IS 'When the row was made.';
COMMENT ON COLUMN api.guests.updated_at IS 'When it last changed; kept by a trigger.';

ALTER VIEW api.guests OWNER TO tenancy_owner;

REVOKE ALL ON api.guests
FROM public, tenancy_customer, tenancy_staff, tenancy_manager, tenancy_admin, tenancy_operator;

GRANT DELETE ON api.guests TO tenancy_customer, tenancy_manager, tenancy_admin;

GRANT INSERT (
    tenant_id,
    id,
    customer_id,
    full_name,
    email,
    nationality,
    document_number,
    preferences,
    metadata
) ON api.guests
TO tenancy_customer, tenancy_staff, tenancy_manager, tenancy_admin;

GRANT SELECT (
    tenant_id,
    id,
    customer_id,
    full_name,
    email,
    nationality,
    document_number,
    preferences,
    metadata,
    created_at,
    updated_at
) ON api.guests
TO tenancy_customer, tenancy_staff, tenancy_manager, tenancy_admin;

GRANT UPDATE (
    id,
    customer_id,
    full_name,
    email,
    nationality,
    document_number,
    preferences,
    metadata
) ON api.guests
TO tenancy_customer, tenancy_staff, tenancy_manager, tenancy_admin;
