-- id: CTX-06
-- title: Keep a context for a later transaction of the same backend
-- attacker: injected
-- expect: blocked
-- answer: nothing
-- wins: rows
-- objects: tenancy_private.transaction_tag tenancy_private.context_mac
-- why: The signature covers transaction_timestamp(): revoking a key or suspending a tenant must end
--   what was begun before.

-- keep mine
-- ours
SELECT current_setting('tenancy.context');
-- keep mine
-- naive
SELECT '{a}';
COMMIT;
-- ours
SET LOCAL ROLE tenancy_staff;
-- ours
SET LOCAL tenancy.context = '{mine}';
-- naive
SET LOCAL app.current_tenant = '{mine}';
SELECT metadata FROM app.customers;
