-- id: DOS-18
-- title: Set a shared sequence back, so that the others' inserts collide
-- attacker: injected
-- expect: blocked
-- answer: nothing
-- wins: rows
-- objects: app.orders
-- why: There is none: ids are random.

SELECT setval(c.oid::regclass, 1) FROM pg_class AS c
    WHERE c.relkind = 'S' AND c.relnamespace = 'app'::regnamespace;
