-- The access grid of the product. * is what tenancy.protect_table() gives a new table.
-- After a change: tenancy.protect_table() on each table, or `make policies` and a migration.

INSERT INTO tenancy.access_matrix (resource, role, command, row_scope)
SELECT r.resource, g.role, c.command, g.row_scope
FROM (VALUES
    ('customer', 'subject', ARRAY['select', 'insert', 'update', 'delete']),
    ('staff', 'tenant', ARRAY['select', 'insert', 'update']),
    ('manager', 'tenant', ARRAY['select', 'insert', 'update', 'delete']),
    ('admin', 'tenant', ARRAY['select', 'insert', 'update', 'delete'])
) AS g (role, row_scope, commands)
CROSS JOIN LATERAL unnest(g.commands) AS c (command)
CROSS JOIN (
    SELECT '*' AS resource, true AS has_subject
    UNION ALL
    SELECT
        p.schema_name || '.' || p.table_name AS resource,
        p.subject_column IS NOT NULL AS has_subject
    FROM tenancy.protected_table AS p
    WHERE p.schema_name = 'app'
) AS r
WHERE g.row_scope = 'tenant' OR r.has_subject
ON CONFLICT (resource, role, command) DO NOTHING;

-- Pins, comments and branding are what a tenant shows to all its customers.
INSERT INTO tenancy.access_matrix (resource, role, command, row_scope, columns)
VALUES
('app.pins', 'customer', 'select', 'tenant', NULL),
('app.pin_comments', 'customer', 'select', 'tenant', NULL),
('app.settings', 'customer', 'select', 'tenant', '{tenant_id,id,branding}')
ON CONFLICT (resource, role, command) DO UPDATE
SET row_scope = excluded.row_scope, columns = excluded.columns;

-- Settings are configuration: staff read them, managers change the own row.
DELETE FROM tenancy.access_matrix
WHERE resource = 'app.settings' AND (role, command) IN (('staff', 'insert'), ('staff', 'update'));

-- A customer orders and writes notes; what was paid is said by the payment provider, and points
-- are given by the tenant.
UPDATE tenancy.access_matrix
SET columns
    = '{tenant_id,id,customer_id,order_number,currency,subtotal,tax,total,items,notes,metadata}'
WHERE resource = 'app.orders' AND role = 'customer' AND command IN ('insert', 'update');
UPDATE tenancy.access_matrix
SET columns = '{tenant_id,id,email,full_name,phone,locale,marketing_opt_in,metadata}'
WHERE resource = 'app.customers' AND role = 'customer' AND command IN ('insert', 'update');
