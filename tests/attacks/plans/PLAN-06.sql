-- id: PLAN-06
-- title: CVE-2023-39418: MERGE does not enforce every policy
-- attacker: user
-- expect: blocked
-- answer: 42501
-- wins: done
-- floor: 15.4 16.0 17.0 18.0
-- objects: app.customers
-- why: Fixed in 15.4. Ours does not grant UPDATE of tenant_id, so that MERGE cannot be asked to.

-- ours
MERGE INTO app.customers AS c USING (SELECT 1) AS s ON c.id = '{a_customer}'
    WHEN MATCHED THEN UPDATE SET tenant_id = '{b}';
-- naive
MERGE INTO app.customers AS c USING (SELECT 1) AS s ON c.id = '{a_customer}'
    WHEN MATCHED THEN UPDATE SET tenant_id = '{b}';
