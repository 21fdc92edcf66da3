-- sql/views/api/orders.sql: app.orders for PostgREST.
-- Written by `make policies`. Invoker: wall, doors and grants of the table hold.

CREATE OR REPLACE VIEW api.orders
WITH (security_invoker = true, security_barrier = true) AS
SELECT
    tenant_id,
    id,
    customer_id,
    order_number,
    status,
    currency,
    subtotal,
    tax,
    total,
    items,
    payment_intent_id,
    payment_status,
    notes,
    placed_at,
    metadata,
    created_at,
    updated_at
FROM app.orders;

COMMENT ON VIEW api.orders IS
'app.orders as PostgREST serves it.';

COMMENT ON COLUMN api.orders.tenant_id IS 'Tenant: proven by the context.';
COMMENT ON COLUMN api.orders.id IS 'Time-ordered id, unique inside the tenant.';
COMMENT ON COLUMN api.orders.customer_id IS 'Who ordered; NULL for a walk-in.';
COMMENT ON COLUMN api.orders.order_number IS 'Number on the receipt, unique inside the tenant.';
COMMENT ON COLUMN api.orders.status IS 'Where the order stands.';
COMMENT ON COLUMN api.orders.currency IS 'Currency (ISO 4217).';
COMMENT ON COLUMN api.orders.subtotal IS 'Sum of the items, in currency.';
COMMENT ON COLUMN api.orders.tax IS 'Taxes, in currency.';
COMMENT ON COLUMN api.orders.total IS 'What is to be paid, in currency.';
COMMENT ON COLUMN api.orders.items IS 'Lines of the order.';
COMMENT ON COLUMN api.orders.payment_intent_id IS 'Token of the payment provider; never a card number.';
COMMENT ON COLUMN api.orders.payment_status IS 'What the provider says.';
COMMENT ON COLUMN api.orders.notes IS 'Wishes of the customer.';
COMMENT ON COLUMN api.orders.placed_at IS 'When it was ordered.';
COMMENT ON COLUMN api.orders.metadata IS 'Free fields of the tenant''s own systems.';
COMMENT ON COLUMN api.orders.created_at IS 'When the row was made.';
COMMENT ON COLUMN api.orders.updated_at IS 'When it last changed; kept by a trigger.';

ALTER VIEW api.orders OWNER TO tenancy_owner;

REVOKE ALL ON api.orders
FROM public, tenancy_customer, tenancy_staff, tenancy_manager, tenancy_admin, tenancy_operator;

GRANT DELETE ON api.orders TO tenancy_customer, tenancy_manager, tenancy_admin;

GRANT INSERT (
    tenant_id,
    id,
    customer_id,
    order_number,
    currency,
    subtotal,
    tax,
    total,
    items,
    notes,
    metadata
) ON api.orders
TO tenancy_customer;

GRANT INSERT (
    tenant_id,
    id,
    customer_id,
    order_number,
    status,
    currency,
    subtotal,
    tax,
    total,
    items,
    payment_intent_id,
    payment_status,
    notes,
    placed_at,
    metadata
) ON api.orders
TO tenancy_staff, tenancy_manager, tenancy_admin;

GRANT SELECT (
    tenant_id,
    id,
    customer_id,
    order_number,
    status,
    currency,
    subtotal,
    tax,
    total,
    items,
    payment_intent_id,
    payment_status,
    notes,
    placed_at,
    metadata,
    created_at,
    updated_at
) ON api.orders
TO tenancy_customer, tenancy_staff, tenancy_manager, tenancy_admin;

GRANT UPDATE (
    id,
    customer_id,
    order_number,
    currency,
    subtotal,
    tax,
    total,
    items,
    notes,
    metadata
) ON api.orders
TO tenancy_customer;

GRANT UPDATE (
    id,
    customer_id,
    order_number,
    status,
    currency,
    subtotal,
    tax,
    total,
    items,
    payment_intent_id,
    payment_status,
    notes,
    placed_at,
    metadata
) ON api.orders
TO tenancy_staff, tenancy_manager, tenancy_admin;
