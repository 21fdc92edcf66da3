-- id: EVI-06
-- title: Delete access tickets
-- attacker: staff
-- expect: blocked
-- answer: 42501
-- wins: rows
-- objects: tenancy_private.access_ticket
-- why: Closing is the only change a ticket knows.

-- @console
-- ours
SET LOCAL ROLE tenancy_admin;
-- ours
DELETE FROM tenancy_private.access_ticket WHERE tenant_id = '{a}';
-- naive
DELETE FROM public.audit_logs WHERE tenant_id = '{b}';
