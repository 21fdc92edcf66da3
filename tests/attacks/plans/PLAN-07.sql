-- id: PLAN-07
-- title: CVE-2026-120154: WHERE of ON CONFLICT DO UPDATE reads the row before the policy does
-- attacker: injected
-- expect: blocked
-- answer: nothing
-- wins: canary
-- floor: 15.20 16.15 17.11 18.7
-- objects: app.customers
-- why: One INSERT prints another tenant's value in the text of its error. Keys of ours start with tenant_id, so
--   that no foreign row is ever the conflicting one. Fixed in 15.20; floors of other majors are the first not
--   known to leak.

-- ours
INSERT INTO app.customers AS c (tenant_id, id, full_name) VALUES ('{a}', '{b_customer}', 'x')
    ON CONFLICT (tenant_id, id) DO UPDATE SET notes = '' WHERE c.notes::int = 1;
-- naive
INSERT INTO app.customers AS c (tenant_id, id, full_name) VALUES ('{a}', '{b_customer}', 'x')
    ON CONFLICT (id) DO UPDATE SET notes = '' WHERE c.notes::int = 1;
