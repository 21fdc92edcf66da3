-- id: ESC-25
-- title: An administrator without a ticket reads the tables
-- attacker: insider
-- expect: blocked
-- answer: nothing
-- wins: canary
-- objects: app.customers
-- why: The role alone opens nothing: no context, no row.

-- @console
-- ours
SET LOCAL ROLE tenancy_admin;
-- naive
SET LOCAL ROLE {service};
SELECT metadata FROM app.customers;
