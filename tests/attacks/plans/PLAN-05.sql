-- id: PLAN-05
-- title: CVE-2023-2455: a function inlined into a plan keeps the policies of another role
-- attacker: user
-- expect: blocked
-- answer: nothing
-- wins: true
-- floor: 15.3 16.0 17.0 18.0
-- objects: app.customers
-- why: Fixed in 15.3. The same defence.

-- @builder
CREATE FUNCTION app.everybody() RETURNS SETOF app.customers LANGUAGE sql STABLE AS $$ SELECT * FROM app.customers $$;
GRANT EXECUTE ON FUNCTION app.everybody() TO PUBLIC;
-- @superuser
-- naive
SET LOCAL ROLE {service};
-- ours
SET LOCAL ROLE tenancy_manager;
PREPARE all_of_them AS SELECT count(DISTINCT tenant_id) > 1 FROM app.everybody();
EXECUTE all_of_them;
-- @inside
EXECUTE all_of_them;
