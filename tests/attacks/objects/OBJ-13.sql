-- id: OBJ-13
-- title: A partition, queried directly
-- attacker: user
-- expect: blocked
-- answer: 42501
-- wins: canary
-- objects: app
-- why: Policies of the parent do not apply to a partition that is named itself. Ours carries no grant.

-- @builder
CREATE TABLE app.visits (tenant_id text, note text) PARTITION BY LIST (tenant_id);
CREATE TABLE app.visits_all PARTITION OF app.visits DEFAULT;
INSERT INTO app.visits VALUES ('{b}', '{b_mark}');
ALTER TABLE app.visits ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON app.visits USING (tenant_id = '{a}');
GRANT SELECT ON app.visits TO {app_role};
-- @inside
SELECT note FROM app.visits;
SELECT note FROM app.visits_all;
