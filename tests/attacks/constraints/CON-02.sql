-- id: CON-02
-- title: Which order numbers do others use?
-- attacker: user
-- expect: blocked
-- answer: nothing
-- wins: differs
-- objects: app.orders
-- why: Unique per tenant, like every other key.

-- hit
INSERT INTO app.orders (tenant_id, order_number) VALUES ('{a}', 'R-{b_mark}');
-- miss
INSERT INTO app.orders (tenant_id, order_number) VALUES ('{a}', 'R-nobody');
