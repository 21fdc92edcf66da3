-- id: CON-14
-- title: Protect a table whose foreign key leaves the tenant
-- attacker: insider
-- expect: blocked
-- answer: TN006
-- wins: done
-- objects: tenancy.protection_obstacles tenancy.refuse_obstacles
-- only: throwaway
-- why: The same for foreign keys to a protected table.

-- @insider
-- ours
ALTER TABLE app.customers ADD UNIQUE (id);
-- ours
CREATE TABLE app.gift (id uuid PRIMARY KEY, tenant_id uuid, customer_id uuid REFERENCES app.customers (id));
-- ours
SELECT tenancy.protect_table('app.gift');
-- naive
CREATE TABLE app.gift (id uuid PRIMARY KEY, tenant_id text, customer_id text REFERENCES app.customers (id));
