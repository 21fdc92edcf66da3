-- policies/app/orders.sql: who reaches a row, as tenancy.access_matrix says.
-- Written by `make policies`; the wall stands alone, the doors are one per rule.

DROP POLICY IF EXISTS owner_door ON app.orders;
DROP POLICY IF EXISTS subject_delete ON app.orders;
DROP POLICY IF EXISTS subject_insert ON app.orders;
DROP POLICY IF EXISTS subject_select ON app.orders;
DROP POLICY IF EXISTS subject_update ON app.orders;
DROP POLICY IF EXISTS tenant_delete ON app.orders;
DROP POLICY IF EXISTS tenant_insert ON app.orders;
DROP POLICY IF EXISTS tenant_select ON app.orders;
DROP POLICY IF EXISTS tenant_update ON app.orders;
DROP POLICY IF EXISTS tenant_wall ON app.orders;

ALTER TABLE app.orders ENABLE ROW LEVEL SECURITY;
ALTER TABLE app.orders FORCE ROW LEVEL SECURITY;

CREATE POLICY tenant_wall ON app.orders AS RESTRICTIVE FOR ALL TO public
USING (tenant_id = (SELECT tenancy.tenant_id()))
WITH CHECK (tenant_id = (SELECT tenancy.tenant_id()));

COMMENT ON POLICY tenant_wall ON app.orders IS
'Restrictive: no permissive policy added later can cross tenants.';

CREATE POLICY owner_door ON app.orders TO tenancy_owner USING (true);

COMMENT ON POLICY owner_door ON app.orders IS
'Definer functions of the owner work, and only inside the tenant.';

CREATE POLICY subject_delete ON app.orders FOR DELETE
TO tenancy_customer
USING (customer_id = (SELECT tenancy.actor_id()));

CREATE POLICY subject_insert ON app.orders FOR INSERT
TO tenancy_customer
WITH CHECK (customer_id = (SELECT tenancy.actor_id()));

CREATE POLICY subject_select ON app.orders FOR SELECT
TO tenancy_customer
USING (customer_id = (SELECT tenancy.actor_id()));

CREATE POLICY subject_update ON app.orders FOR UPDATE
TO tenancy_customer
USING (customer_id = (SELECT tenancy.actor_id()))
WITH CHECK (customer_id = (SELECT tenancy.actor_id()));

CREATE POLICY tenant_delete ON app.orders FOR DELETE
TO tenancy_manager, tenancy_admin
USING (true);

CREATE POLICY tenant_insert ON app.orders FOR INSERT
TO tenancy_staff, tenancy_manager, tenancy_admin
WITH CHECK (true);

CREATE POLICY tenant_select ON app.orders FOR SELECT
TO tenancy_staff, tenancy_manager, tenancy_admin
USING (true);

CREATE POLICY tenant_update ON app.orders FOR UPDATE
TO tenancy_staff, tenancy_manager, tenancy_admin
USING (true)
WITH CHECK (true);

REVOKE ALL ON app.orders
FROM public, tenancy_customer, tenancy_staff, tenancy_manager, tenancy_admin, tenancy_operator;

GRANT DELETE ON app.orders TO tenancy_customer, tenancy_manager, tenancy_admin;

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
) ON app.orders
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
) ON app.orders
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
) ON app.orders
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
) ON app.orders
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
) ON app.orders
TO tenancy_staff, tenancy_manager, tenancy_admin;
