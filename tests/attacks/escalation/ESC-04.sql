-- id: ESC-04
-- title: A customer reads other people's orders
-- attacker: user
-- as: customer
-- expect: blocked
-- answer: nothing
-- wins: rows
-- objects: app.orders tenancy.actor_id
-- why: Inside the tenant a customer's door opens to the rows about themself.

SELECT order_number FROM app.orders WHERE customer_id IS DISTINCT FROM '{a_customer}';
