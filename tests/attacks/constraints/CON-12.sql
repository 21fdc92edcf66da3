-- id: CON-12
-- title: Protect a table with a global exclusion constraint
-- attacker: insider
-- expect: blocked
-- answer: TN006
-- wins: done
-- objects: tenancy.protection_obstacles tenancy.refuse_obstacles
-- why: A team's own table is refused while a constraint of it would be an oracle.

-- @insider
CREATE TABLE app.slot (id uuid PRIMARY KEY, tenant_id uuid, during tstzrange, EXCLUDE USING gist (during WITH &&));
-- ours
SELECT tenancy.protect_table('app.slot');
-- naive
ALTER TABLE app.slot ENABLE ROW LEVEL SECURITY;
