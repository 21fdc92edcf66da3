-- id: ESC-07
-- title: A customer orders in another person's name
-- attacker: user
-- as: customer
-- expect: blocked
-- answer: 42501
-- wins: done
-- objects: app.orders
-- why: WITH CHECK of the subject's door.

INSERT INTO app.orders (tenant_id, customer_id, order_number) VALUES ('{a}', NULL, 'somebody else');
