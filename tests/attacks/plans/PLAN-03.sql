-- id: PLAN-03
-- title: CVE-2016-2193: a plan made under one role, executed under another
-- attacker: user
-- expect: blocked
-- answer: nothing
-- wins: true
-- floor: 15.0 16.0 17.0 18.0
-- naive: leaks
-- objects: app.customers
-- why: A plan depends on the role whose policies it contains. Patched in every supported major; the naive
--   copy leaks only on an unpatched server, and there a role of ours cannot bypass policies to begin with.

-- @next manager
-- ours
SELECT tenancy.enter('{b_manager_key}');
-- naive
SET LOCAL ROLE {service};
PREPARE all_of_them AS SELECT count(DISTINCT tenant_id) > 1 FROM app.customers;
EXECUTE all_of_them;
-- ours
COMMIT;
-- naive
RESET ROLE;
-- @attacker
EXECUTE all_of_them;
