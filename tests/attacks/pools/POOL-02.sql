-- id: POOL-02
-- title: Rows in a temporary table of the client before
-- attacker: user
-- expect: blocked
-- answer: 42501
-- wins: canary
-- objects: database
-- why: Temporary tables outlive the transaction and the tenant.

-- @next
CREATE TEMPORARY TABLE basket AS SELECT metadata FROM app.customers;
COMMIT;
-- @attacker manager
SELECT metadata FROM pg_temp.basket;
