-- id: CHN-10
-- title: A shared sequence tells how busy the others are
-- attacker: user
-- expect: blocked
-- answer: nothing
-- wins: rows
-- objects: app.orders
-- why: Ids are time-ordered uuids; app has no sequence.

SELECT last_value FROM pg_sequences WHERE schemaname = 'app';
