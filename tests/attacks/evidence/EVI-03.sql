-- id: EVI-03
-- title: Change a row, and leave updated_at as it was
-- attacker: user
-- expect: blocked
-- answer: nothing
-- wins: true
-- objects: app.orders app.tg_touch
-- why: A trigger sets it, to the clock and not to the start of the transaction, which can be long ago.

UPDATE app.orders SET notes = 'changed'
    WHERE id = '{a_order}' RETURNING updated_at <= transaction_timestamp();
