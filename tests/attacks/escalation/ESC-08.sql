-- id: ESC-08
-- title: A customer hands an own order to another person
-- attacker: user
-- as: customer
-- expect: blocked
-- answer: 42501
-- wins: rows
-- objects: app.orders
-- why: The row must be about the customer before and after the change.

UPDATE app.orders SET customer_id = NULL WHERE id = '{a_order}';
