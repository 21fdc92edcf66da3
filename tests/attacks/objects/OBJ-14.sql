-- id: OBJ-14
-- title: Protect a partitioned table all the same
-- attacker: insider
-- expect: blocked
-- answer: TN006
-- wins: done
-- objects: tenancy.protect_table tenancy.protection_obstacles
-- why: What cannot be made safe is refused with the reason.

-- @insider
CREATE TABLE app.visits (tenant_id uuid, note text) PARTITION BY LIST (tenant_id);
-- ours
SELECT tenancy.protect_table('app.visits');
-- naive
ALTER TABLE app.visits ENABLE ROW LEVEL SECURITY;
