-- id: CTX-08
-- title: ROLLBACK falls back to the tenant before
-- attacker: user
-- expect: blocked
-- answer: 42501
-- wins: canary
-- objects: tenancy_private.sign_context app.customers
-- why: A session-wide setting that is rolled back becomes what it was: the previous client's tenant. Ours
--   becomes none.

-- @next
SELECT 1;
COMMIT;
-- @attacker
ROLLBACK;
SELECT metadata FROM app.customers;
