-- id: OBJ-12
-- title: A table added next week
-- attacker: user
-- expect: blocked
-- answer: 42501
-- wins: canary
-- objects: app
-- why: There are no default privileges: without protect_table() a new table is closed, and the check names it.

-- @builder
CREATE TABLE app.invoices (tenant_id text, note text);
INSERT INTO app.invoices VALUES ('{b}', '{b_mark}');
-- @inside
SELECT note FROM app.invoices;
