-- id: POOL-08
-- title: Leave a role behind for the next client
-- attacker: user
-- expect: blocked
-- answer: nothing
-- wins: canary
-- objects: tenancy.tenant_id app.customers
-- why: A role that stays after COMMIT has no context, and sees no row.

-- @next
-- ours
SET ROLE tenancy_manager;
-- naive
SELECT 1;
COMMIT;
-- @next none
SELECT metadata FROM app.customers;
