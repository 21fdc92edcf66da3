-- id: POOL-01
-- title: Leave a view under the name of a table for the next client
-- attacker: injected
-- expect: blocked
-- answer: 42501
-- wins: true
-- objects: database
-- why: pg_temp is searched first: the next tenant's own query would run the attacker's code. Nobody has TEMPORARY here.

CREATE TEMPORARY VIEW orders AS SELECT 'from the attacker' AS notes;
COMMIT;
-- @next
SET LOCAL search_path = app, public;
SELECT relpersistence = 't' FROM pg_class WHERE oid = 'orders'::regclass;
