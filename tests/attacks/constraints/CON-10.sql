-- id: CON-10
-- title: Block the victim's erasure by a row that points to its customer
-- attacker: user
-- expect: blocked
-- answer: 23503
-- wins: error
-- objects: app.orders
-- why: A foreign key check locks the parent; a parent in another tenant cannot be named.

INSERT INTO app.orders (tenant_id, order_number, customer_id)
    VALUES ('{a}', 'blocks', '{b_customer}');
-- @victim
SET LOCAL lock_timeout = '50ms';
DELETE FROM app.customers WHERE id = '{b_customer}';
