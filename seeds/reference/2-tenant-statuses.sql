-- The stages of a tenant's life. Suspension stops keys, sessions and tickets together.

INSERT INTO tenancy.tenant_status (status, may_enter, may_write)
VALUES
('provisioning', false, false),
('active', true, true),
('read_only', true, false),
('suspended', false, false),
('moving', true, false),
('offboarding', true, false),
('purged', false, false)
ON CONFLICT (status) DO UPDATE
SET may_enter = excluded.may_enter, may_write = excluded.may_write;
