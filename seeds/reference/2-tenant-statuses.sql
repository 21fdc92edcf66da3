-- The stages of a tenant's life. Suspension stops keys, sessions and tickets together.
-- lowest_role: NULL admits everybody. jobs: what tenancy.enter_system() lets a job do.

INSERT INTO tenancy.tenant_status (status, may_enter, may_write, lowest_role, jobs)
VALUES
('provisioning', false, false, NULL, 'write'),
('active', true, true, NULL, 'write'),
('read_only', true, false, NULL, 'write'),
('suspended', false, false, NULL, 'write'),
('moving', true, false, NULL, 'read'),
('offboarding', true, false, 'manager', 'write'),
('purging', false, false, NULL, 'write'),
('purged', false, false, NULL, 'none')
ON CONFLICT (status) DO UPDATE
SET
    may_enter = excluded.may_enter,
    may_write = excluded.may_write,
    lowest_role = excluded.lowest_role,
    jobs = excluded.jobs;
