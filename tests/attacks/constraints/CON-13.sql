-- id: CON-13
-- title: Protect a table with a global unique key
-- attacker: insider
-- expect: blocked
-- answer: TN006
-- wins: done
-- objects: tenancy.protection_obstacles tenancy.refuse_obstacles
-- why: The same for unique constraints.

-- @insider
CREATE TABLE app.voucher (id uuid PRIMARY KEY, tenant_id uuid, code text UNIQUE);
-- ours
SELECT tenancy.protect_table('app.voucher');
-- naive
ALTER TABLE app.voucher ENABLE ROW LEVEL SECURITY;
