-- id: CON-09
-- title: Attach an order to another tenant's customer
-- attacker: user
-- expect: blocked
-- answer: 23503
-- wins: done
-- objects: app.orders
-- why: The row would die by the victim's erasure, or block it.

INSERT INTO app.orders (tenant_id, order_number, customer_id)
    VALUES ('{a}', 'attached', '{b_customer}');
