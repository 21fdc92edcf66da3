-- id: EVI-08
-- title: Open a ticket, use it, and roll both back
-- attacker: insider
-- expect: blocked
-- answer: TN001
-- wins: canary
-- objects: tenancy_private.identify_ticket
-- why: A ticket works only when the transaction that opened it has committed.

-- @console
-- keep secret
-- ours
SELECT tenancy.open_admin_session('{b}', 'reading without a trace', 5);
-- naive
SELECT 1;
-- ours
SELECT tenancy.enter('{secret}');
-- naive
SELECT public.set_tenant_context('{b}');
SELECT metadata FROM app.customers;
ROLLBACK;
