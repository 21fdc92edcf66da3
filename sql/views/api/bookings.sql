-- sql/views/api/bookings.sql: app.bookings for PostgREST.
-- Written by `make policies`. Invoker: wall, doors and grants of the table hold.

CREATE OR REPLACE VIEW api.bookings
WITH (security_invoker = true, security_barrier = true) AS
SELECT
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
FROM app.bookings;

COMMENT ON VIEW api.bookings IS
'app.bookings as PostgREST serves it.';

COMMENT ON COLUMN api.bookings.tenant_id IS 'Tenant: proven by the context.';
COMMENT ON COLUMN api.bookings.id IS 'Time-ordered id, unique inside the tenant.';
COMMENT ON COLUMN api.bookings.customer_id IS 'Who booked.';
COMMENT ON COLUMN api.bookings.patient_id IS 'Patient to be treated, in a med spa.';
COMMENT ON COLUMN api.bookings.service IS 'What was booked.';
COMMENT ON COLUMN api.bookings.status IS 'Where the booking stands.';
COMMENT ON COLUMN api.bookings.starts_at IS 'Beginning.';
COMMENT ON COLUMN api.bookings.ends_at IS 'End.';
COMMENT ON COLUMN api.bookings.time_zone IS 'Zone of the place (IANA name).';
COMMENT ON COLUMN api.bookings.party_size IS 'Number of people.';
COMMENT ON COLUMN api.bookings.currency IS 'Currency (ISO 4217).';
COMMENT ON COLUMN api.bookings.price IS 'Agreed price, in currency.';
COMMENT ON COLUMN api.bookings.notes IS 'Wishes.';
COMMENT ON COLUMN api.bookings.metadata IS 'Free fields of the tenant''s own systems.';
COMMENT ON COLUMN api.bookings.created_at IS 'When the row was made.';
COMMENT ON COLUMN api.bookings.updated_at IS 'When it last changed; kept by a trigger.';

ALTER VIEW api.bookings OWNER TO tenancy_owner;

REVOKE ALL ON api.bookings
FROM public, tenancy_customer, tenancy_staff, tenancy_manager, tenancy_admin, tenancy_operator;

GRANT DELETE ON api.bookings TO tenancy_customer, tenancy_manager, tenancy_admin;

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
) ON api.bookings
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
) ON api.bookings
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
) ON api.bookings
TO tenancy_customer, tenancy_staff, tenancy_manager, tenancy_admin;
