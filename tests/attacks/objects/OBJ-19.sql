-- id: OBJ-19
-- title: Point a foreign key of one's own at a shared table
-- attacker: injected
-- expect: blocked
-- answer: 42501
-- wins: done
-- objects: app.customers
-- why: REFERENCES lets its holder test which keys exist, and block their deletion. It is granted to nobody.

-- @dba
CREATE SCHEMA play;
GRANT CREATE, USAGE ON SCHEMA play TO {app_role};
-- @inside
-- ours
CREATE TABLE play.hook (t uuid, c uuid, FOREIGN KEY (t, c) REFERENCES app.customers (tenant_id, id));
-- naive
CREATE TABLE play.hook (c text REFERENCES app.customers (id));
