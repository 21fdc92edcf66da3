-- sql/views/api/analytics.sql: app.analytics for PostgREST.
-- Written by `make policies`. Invoker: wall, doors and grants of the table hold.

CREATE OR REPLACE VIEW api.analytics
WITH (security_invoker = true, security_barrier = true) AS
SELECT
    tenant_id,
    id,
    customer_id,
    event,
    session_id,
    payload,
    occurred_at,
    metadata,
    created_at,
    updated_at
FROM app.analytics;

COMMENT ON VIEW api.analytics IS
'app.analytics as PostgREST serves it.';

COMMENT ON COLUMN api.analytics.tenant_id IS 'Tenant: proven by the context.';
COMMENT ON COLUMN api.analytics.id IS 'Time-ordered id, unique inside the tenant.';
COMMENT ON COLUMN api.analytics.customer_id IS 'Person, if known.';
COMMENT ON COLUMN api.analytics.event IS 'Name of the event.';
COMMENT ON COLUMN api.analytics.session_id IS 'Visit the event belongs to.';
COMMENT ON COLUMN api.analytics.payload IS 'Details of the event.';
COMMENT ON COLUMN api.analytics.occurred_at IS 'When it happened.';
COMMENT ON COLUMN api.analytics.metadata IS 'Free fields of the tenant''s own systems.';
COMMENT ON COLUMN api.analytics.created_at IS 'When the row was made.';
COMMENT ON COLUMN api.analytics.updated_at IS 'When it last changed; kept by a trigger.';

ALTER VIEW api.analytics OWNER TO tenancy_owner;

REVOKE ALL ON api.analytics
FROM public, tenancy_customer, tenancy_staff, tenancy_manager, tenancy_admin, tenancy_operator;

GRANT DELETE ON api.analytics TO tenancy_customer, tenancy_manager, tenancy_admin;

GRANT INSERT (
    tenant_id,
    id,
    customer_id,
    event,
    session_id,
    payload,
    occurred_at,
    metadata
) ON api.analytics
TO tenancy_customer, tenancy_staff, tenancy_manager, tenancy_admin;

GRANT SELECT (
    tenant_id,
    id,
    customer_id,
    event,
    session_id,
    payload,
    occurred_at,
    metadata,
    created_at,
    updated_at
) ON api.analytics
TO tenancy_customer, tenancy_staff, tenancy_manager, tenancy_admin;

GRANT UPDATE (
    id,
    customer_id,
    event,
    session_id,
    payload,
    occurred_at,
    metadata
) ON api.analytics
TO tenancy_customer, tenancy_staff, tenancy_manager, tenancy_admin;
