-- id: EVI-14
-- title: Divert the audit trigger into a table of one's own
-- attacker: injected
-- expect: blocked
-- answer: 42501
-- wins: true
-- objects: database
-- why: A trigger function that names its table without a schema writes into pg_temp. Nobody has TEMPORARY here.

CREATE TEMPORARY TABLE audit_logs (tenant_id text, action text, "timestamp" timestamptz);
UPDATE app.orders SET notes = 'unseen' WHERE id = '{a_order}';
SELECT count(*) > 0 FROM pg_temp.audit_logs;
