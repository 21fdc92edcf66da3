-- id: ESC-05
-- title: A customer marks an order as paid
-- attacker: user
-- as: customer
-- expect: blocked
-- answer: 42501
-- wins: rows
-- objects: app.orders
-- why: What was paid is said by the payment provider: the columns are not in the customer's grant.

UPDATE app.orders SET payment_status = 'paid' WHERE id = '{a_order}';
