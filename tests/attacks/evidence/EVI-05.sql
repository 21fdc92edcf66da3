-- id: EVI-05
-- title: Rewrite who opened an access ticket, and why
-- attacker: staff
-- expect: blocked
-- answer: 42501
-- wins: rows
-- objects: tenancy_private.access_ticket
-- why: Tickets are written by functions of tenancy_kernel only, even for the console.

-- @console
-- ours
SET LOCAL ROLE tenancy_admin;
-- ours
UPDATE tenancy_private.access_ticket SET opened_by = 'somebody else', reason = 'routine maintenance';
-- naive
UPDATE public.audit_logs SET user_id = 'somebody else';
