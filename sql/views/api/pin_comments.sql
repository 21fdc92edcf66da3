-- sql/views/api/pin_comments.sql: app.pin_comments for PostgREST.
-- Written by `make policies`. Invoker: wall, doors and grants of the table hold.

CREATE OR REPLACE VIEW api.pin_comments
WITH (security_invoker = true, security_barrier = true) AS
SELECT
    tenant_id,
    id,
    pin_id,
    author_id,
    body,
    metadata,
    created_at,
    updated_at
FROM app.pin_comments;

COMMENT ON VIEW api.pin_comments IS
'app.pin_comments as PostgREST serves it.';

COMMENT ON COLUMN api.pin_comments.tenant_id IS 'Tenant: proven by the context.';
COMMENT ON COLUMN api.pin_comments.id IS 'Time-ordered id, unique inside the tenant.';
COMMENT ON COLUMN api.pin_comments.pin_id IS 'The pin.';
COMMENT ON COLUMN api.pin_comments.author_id IS 'Customer who wrote it; NULL for staff.';
COMMENT ON COLUMN api.pin_comments.body IS 'Text.';
COMMENT ON COLUMN api.pin_comments.metadata IS 'Free fields of the tenant''s own systems.';
COMMENT ON COLUMN api.pin_comments.created_at IS 'When the row was made.';
COMMENT ON COLUMN api.pin_comments.updated_at IS 'When it last changed; kept by a trigger.';

ALTER VIEW api.pin_comments OWNER TO tenancy_owner;

REVOKE ALL ON api.pin_comments
FROM public, tenancy_customer, tenancy_staff, tenancy_manager, tenancy_admin, tenancy_operator;

GRANT DELETE ON api.pin_comments TO tenancy_customer, tenancy_manager, tenancy_admin;

GRANT INSERT (
    tenant_id,
    id,
    pin_id,
    author_id,
    body,
    metadata
) ON api.pin_comments
TO tenancy_customer, tenancy_staff, tenancy_manager, tenancy_admin;

GRANT SELECT (
    tenant_id,
    id,
    pin_id,
    author_id,
    body,
    metadata,
    created_at,
    updated_at
) ON api.pin_comments
TO tenancy_customer, tenancy_staff, tenancy_manager, tenancy_admin;

GRANT UPDATE (
    id,
    pin_id,
    author_id,
    body,
    metadata
) ON api.pin_comments
TO tenancy_customer, tenancy_staff, tenancy_manager, tenancy_admin;
