-- id: EVI-02
-- title: Set updated_at back after a change
-- attacker: user
-- as: manager
-- expect: blocked
-- answer: 42501
-- wins: rows
-- objects: app.orders
-- why: Nor in an UPDATE grant.

UPDATE app.orders SET notes = 'changed', updated_at = '2001-01-01' WHERE id = '{a_order}';
