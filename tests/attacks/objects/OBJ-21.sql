-- id: OBJ-21
-- title: Create a table in a shared schema
-- attacker: injected
-- as: manager
-- expect: blocked
-- answer: 42501
-- wins: any
-- naive: blocked
-- objects: app tenancy
-- why: No schema grants CREATE to an application role. PostgreSQL 15 and later protect public by themselves,
--   which is why the naive copy holds; an upgraded database may not.

-- try
CREATE TABLE app.mine (id int);
-- try
CREATE TABLE public.mine (id int);
