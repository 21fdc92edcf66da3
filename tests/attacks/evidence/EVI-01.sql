-- id: EVI-01
-- title: Back-date a row by created_at
-- attacker: user
-- as: manager
-- expect: blocked
-- answer: 42501
-- wins: done
-- objects: app.orders
-- why: Columns the server keeps are in nobody's INSERT grant.

INSERT INTO app.orders (tenant_id, order_number, created_at) VALUES ('{a}', 'old', '2001-01-01');
