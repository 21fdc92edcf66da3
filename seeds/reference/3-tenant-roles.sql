-- Roles inside a tenant, and the database role of each.

INSERT INTO tenancy.tenant_role (role, code, database_role, rank)
VALUES
('customer', 'c', 'tenancy_customer', 1),
('staff', 's', 'tenancy_staff', 2),
('manager', 'm', 'tenancy_manager', 3),
('admin', 'a', 'tenancy_admin', 4),
('operator', 'o', 'tenancy_operator', 5)
ON CONFLICT (role) DO UPDATE
SET code = excluded.code, database_role = excluded.database_role, rank = excluded.rank;
