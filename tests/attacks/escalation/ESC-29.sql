-- id: ESC-29
-- title: A job reads what no door is for
-- attacker: insider
-- expect: blocked
-- answer: 42501
-- wins: canary
-- objects: app.customers roles
-- why: Jobs enter without a credential, so they have no grants on the tables; functions made for them do the work.

-- @operator
-- ours
SELECT tenancy.enter_system('{b}', 'retention');
-- naive
SELECT public.set_tenant_context('{b}');
SELECT metadata FROM app.customers;
