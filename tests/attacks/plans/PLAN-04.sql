-- id: PLAN-04
-- title: CVE-2024-10976: a subquery hides from the plan cache that policies apply
-- attacker: user
-- expect: blocked
-- answer: nothing
-- wins: true
-- floor: 15.9 16.5 17.1 18.0
-- objects: app.customers
-- why: Fixed in 15.9, 16.5 and 17.1. Ours has no role in reach that bypasses policies, so that no plan without them exists.

-- @next manager
-- ours
SELECT tenancy.enter('{b_manager_key}');
-- naive
SET LOCAL ROLE {service};
PREPARE all_of_them AS WITH c AS MATERIALIZED (SELECT tenant_id
    FROM app.customers) SELECT count(DISTINCT tenant_id) > 1
    FROM c;
EXECUTE all_of_them;
-- ours
COMMIT;
-- naive
RESET ROLE;
-- @attacker
EXECUTE all_of_them;
