-- sql/views/api/pins.sql: app.pins for PostgREST.
-- Written by `make policies`. Invoker: wall, doors and grants of the table hold.

CREATE OR REPLACE VIEW api.pins
WITH (security_invoker = true, security_barrier = true) AS
SELECT
    tenant_id,
    id,
    customer_id,
    title,
    body,
    latitude,
    longitude,
    status,
    comment_count,
    metadata,
    created_at,
    updated_at
FROM app.pins;

COMMENT ON VIEW api.pins IS
'app.pins as PostgREST serves it.';

COMMENT ON COLUMN api.pins.tenant_id IS 'Tenant: proven by the context.';
COMMENT ON COLUMN api.pins.id IS 'Time-ordered id, unique inside the tenant.';
COMMENT ON COLUMN api.pins.customer_id IS 'Who left it; NULL for the tenant itself.';
COMMENT ON COLUMN api.pins.title IS 'Headline.';
COMMENT ON COLUMN api.pins.body IS 'Text.';
COMMENT ON COLUMN api.pins.latitude IS 'Degrees north.';
COMMENT ON COLUMN api.pins.longitude IS 'Degrees east.';
COMMENT ON COLUMN api.pins.status IS 'Who may see it on the map.';
COMMENT ON COLUMN api.pins.comment_count IS 'Number of comments; kept by a trigger.';
COMMENT ON COLUMN api.pins.metadata IS 'Free fields of the tenant''s own systems.';
COMMENT ON COLUMN api.pins.created_at IS 'When the row was made.';
COMMENT ON COLUMN api.pins.updated_at IS 'When it last changed; kept by a trigger.';

ALTER VIEW api.pins OWNER TO tenancy_owner;

REVOKE ALL ON api.pins
FROM public, tenancy_customer, tenancy_staff, tenancy_manager, tenancy_admin, tenancy_operator;

GRANT DELETE ON api.pins TO tenancy_customer, tenancy_manager, tenancy_admin;

GRANT INSERT (
    tenant_id,
    id,
    customer_id,
    title,
    body,
    latitude,
    longitude,
    status,
    metadata
) ON api.pins
TO tenancy_customer, tenancy_staff, tenancy_manager, tenancy_admin;

GRANT SELECT (
    tenant_id,
    id,
    customer_id,
    title,
    body,
    latitude,
    longitude,
    status,
    comment_count,
    metadata,
    created_at,
    updated_at
) ON api.pins
TO tenancy_customer, tenancy_staff, tenancy_manager, tenancy_admin;

GRANT UPDATE (
    id,
    customer_id,
    title,
    body,
    latitude,
    longitude,
    status,
    metadata
) ON api.pins
TO tenancy_customer, tenancy_staff, tenancy_manager, tenancy_admin;
