-- What a purge leaves, and why. Every other table with a tenant_id is emptied of the tenant.

INSERT INTO tenancy.kept_table (schema_name, table_name, why)
VALUES
('tenancy_private', 'access_ticket', 'evidence of break-glass access, for review'),
('tenancy_private', 'tenant_status_log', 'who ended the tenant, when and why'),
('tenancy_private', 'platform_action', 'evidence of what the platform did, for review'),
('tenancy_private', 'taken_slug', 'so that nobody gets a subdomain that was somebody else''s'),
('tenancy_private', 'offboarding', 'the order to delete, its grace period and the archive''s hash'),
('tenancy_private', 'purge_receipt', 'this receipt')
ON CONFLICT (schema_name, table_name) DO UPDATE SET why = excluded.why;
