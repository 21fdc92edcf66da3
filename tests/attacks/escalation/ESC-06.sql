-- id: ESC-06
-- title: A customer gives themself points
-- attacker: user
-- as: customer
-- expect: blocked
-- answer: 42501
-- wins: rows
-- objects: app.customers
-- why: Mass assignment of a column that the form did not show.

UPDATE app.customers SET full_name = 'me', loyalty_points = 1000000 WHERE id = '{a_customer}';
