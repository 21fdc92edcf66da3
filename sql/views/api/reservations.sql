-- sql/views/api/reservations.sql: app.reservations for PostgREST.
-- Written by `make policies`. Invoker: wall, doors and grants of the table hold.

CREATE OR REPLACE VIEW api.reservations
WITH (security_invoker = true, security_barrier = true) AS
SELECT
    tenant_id,
    id,
    guest_id,
    customer_id,
    room,
    status,
    arrival,
    departure,
    adults,
    currency,
    total,
    metadata,
    created_at,
    updated_at
FROM app.reservations;

COMMENT ON VIEW api.reservations IS
'app.reservations as PostgREST serves it.';

COMMENT ON COLUMN api.reservations.tenant_id IS 'Tenant: proven by the context.';
COMMENT ON COLUMN api.reservations.id IS 'Time-ordered id, unique inside the tenant.';
COMMENT ON COLUMN api.reservations.guest_id IS 'Who stays.';
COMMENT ON COLUMN api.reservations.customer_id IS 'Who booked.';
COMMENT ON COLUMN api.reservations.room IS 'Room number.';
COMMENT ON COLUMN api.reservations.status IS 'Where the stay stands.';
COMMENT ON COLUMN api.reservations.arrival IS 'First night.';
COMMENT ON COLUMN api.reservations.departure IS 'Day of leaving.';
COMMENT ON COLUMN api.reservations.adults IS 'Number of adults.';
COMMENT ON COLUMN api.reservations.currency IS 'Currency (ISO 4217).';
COMMENT ON COLUMN api.reservations.total IS 'Price of the stay, in currency.';
COMMENT ON COLUMN api.reservations.metadata IS 'Free fields of the tenant''s own systems.';
COMMENT ON COLUMN api.reservations.created_at IS 'When the row was made.';
COMMENT ON COLUMN api.reservations.updated_at IS 'When it last changed; kept by a trigger.';

ALTER VIEW api.reservations OWNER TO tenancy_owner;

REVOKE ALL ON api.reservations
FROM public, tenancy_customer, tenancy_staff, tenancy_manager, tenancy_admin, tenancy_operator;

GRANT DELETE ON api.reservations TO tenancy_customer, tenancy_manager, tenancy_admin;

GRANT INSERT (
    tenant_id,
    id,
    guest_id,
    customer_id,
    room,
    status,
    arrival,
    departure,
    adults,
    currency,
    total,
    metadata
) ON api.reservations
TO tenancy_customer, tenancy_staff, tenancy_manager, tenancy_admin;

GRANT SELECT (
    tenant_id,
    id,
    guest_id,
    customer_id,
    room,
    status,
    arrival,
    departure,
    adults,
    currency,
    total,
    metadata,
    created_at,
    updated_at
) ON api.reservations
TO tenancy_customer, tenancy_staff, tenancy_manager, tenancy_admin;

GRANT UPDATE (
    id,
    guest_id,
    customer_id,
    room,
    status,
    arrival,
    departure,
    adults,
    currency,
    total,
    metadata
) ON api.reservations
TO tenancy_customer, tenancy_staff, tenancy_manager, tenancy_admin;
