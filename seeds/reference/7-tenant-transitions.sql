-- Which change of status is allowed, and to whom: admin (tenancy_admin), operator (also
-- tenancy_operator), procedure (only the function that does the work of the step).

INSERT INTO tenancy.tenant_transition (from_status, to_status, who)
VALUES
('provisioning', 'active', 'procedure'),
('provisioning', 'offboarding', 'procedure'),
('active', 'read_only', 'operator'),
('active', 'suspended', 'operator'),
('active', 'moving', 'operator'),
('active', 'offboarding', 'procedure'),
('read_only', 'active', 'operator'),
('read_only', 'suspended', 'operator'),
('read_only', 'moving', 'operator'),
('read_only', 'offboarding', 'procedure'),
('suspended', 'active', 'admin'),
('suspended', 'read_only', 'admin'),
('suspended', 'moving', 'operator'),
('suspended', 'offboarding', 'procedure'),
('moving', 'active', 'operator'),
('moving', 'read_only', 'operator'),
('moving', 'suspended', 'operator'),
('offboarding', 'active', 'admin'),
('offboarding', 'read_only', 'admin'),
('offboarding', 'suspended', 'admin'),
('offboarding', 'purging', 'procedure'),
('purging', 'purged', 'procedure')
ON CONFLICT (from_status, to_status) DO UPDATE SET who = excluded.who;
