-- id: CTX-10
-- title: Enter a second tenant in the same transaction
-- attacker: user
-- expect: blocked
-- answer: TN003
-- wins: done
-- objects: tenancy_private.sign_context
-- why: An open cursor or a deferred trigger of the first tenant would run on under the second.

DECLARE first CURSOR FOR SELECT metadata FROM app.customers;
-- ours
SELECT tenancy.enter('{b_staff_key}');
-- naive
SELECT public.set_tenant_context('{b}');
