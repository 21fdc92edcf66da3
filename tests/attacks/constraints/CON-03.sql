-- id: CON-03
-- title: Does this customer exist? The foreign key
-- attacker: user
-- expect: blocked
-- answer: 23503
-- wins: differs
-- objects: app.orders
-- why: The foreign key contains tenant_id: a foreign parent and none give the same error.

-- hit
INSERT INTO app.orders (tenant_id, order_number, customer_id)
    VALUES ('{a}', 'fk-1', '{b_customer}');
-- miss
INSERT INTO app.orders (tenant_id, order_number, customer_id)
    VALUES ('{a}', 'fk-2', '00000000-0000-4000-8000-000000000000');
