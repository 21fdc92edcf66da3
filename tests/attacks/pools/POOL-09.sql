-- id: POOL-09
-- title: Keep a context for the session instead of the transaction
-- attacker: injected
-- expect: blocked
-- answer: nothing
-- wins: rows
-- objects: tenancy_private.transaction_tag tenancy_private.verified_context
-- why: The setting stays, the signature does not fit the next transaction.

-- keep mine
-- ours
SELECT current_setting('tenancy.context');
-- naive
SELECT 1;
-- ours
SET tenancy.context = '{mine}';
-- ours
SET ROLE tenancy_staff;
COMMIT;
-- @next none
SELECT metadata FROM app.customers;
