-- id: PLAN-09
-- title: CVE-2026-14666: a plan survives that its role lost BYPASSRLS
-- attacker: user
-- expect: blocked
-- answer: nothing
-- wins: true
-- floor: 15.19 16.15 17.11 18.5
-- objects: roles
-- why: No role of an application ever has it (`tenancy check`, role_above_row_security), so that no such plan exists.
--   Fixed in 15.19; floors of other majors are the first not known to leak.

-- @dba
-- naive
ALTER ROLE {app_role} BYPASSRLS;
-- ours
SELECT 1;
-- @inside
PREPARE all_of_them AS SELECT count(DISTINCT tenant_id) > 1 FROM app.customers;
SET LOCAL plan_cache_mode = force_generic_plan;
EXECUTE all_of_them;
-- @dba
-- naive
ALTER ROLE {app_role} NOBYPASSRLS;
-- ours
SELECT 1;
-- @inside none
EXECUTE all_of_them;
