-- id: OBJ-20
-- title: Create a temporary function or table
-- attacker: injected
-- expect: blocked
-- answer: 42501
-- wins: done
-- objects: database
-- why: pg_temp is searched first by whatever does not say otherwise, and stays on a pooled connection. PUBLIC
--   has no TEMPORARY right here.

CREATE TEMPORARY TABLE orders (id int);
