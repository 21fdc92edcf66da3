-- id: CON-15
-- title: Change one's own id to another tenant's
-- attacker: user
-- expect: blocked
-- answer: TN009
-- wins: differs
-- objects: app.customers tenancy.tg_keep_identity
-- why: Ids never change, so that both answers are the same refusal.

-- hit
UPDATE app.orders SET id = '{b_order}' WHERE id = '{a_walkin}';
-- miss
UPDATE app.orders SET id = '00000000-0000-4000-8000-000000000000' WHERE id = '{a_walkin}';
