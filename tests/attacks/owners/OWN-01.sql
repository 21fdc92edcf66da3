-- id: OWN-01
-- title: The owner of the tables reads without a context
-- attacker: insider
-- expect: blocked
-- answer: nothing
-- wins: canary
-- objects: app.customers
-- why: FORCE row security binds the owner too: migrations, cron jobs and ORMs that log in as it see no row.

-- @insider
SELECT metadata FROM app.customers WHERE tenant_id = '{b}';
