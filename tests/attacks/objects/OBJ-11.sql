-- id: OBJ-11
-- title: A copy of a table, made before a migration
-- attacker: user
-- expect: blocked
-- answer: nothing
-- wins: canary
-- objects: app.customers
-- why: CREATE TABLE AS copies rows and never policies; the owner has no rows to copy.

-- @builder
CREATE TABLE app.customers_old AS SELECT * FROM app.customers;
-- ours
GRANT SELECT ON app.customers_old TO {app_role};
-- @inside
SELECT metadata FROM app.customers_old;
