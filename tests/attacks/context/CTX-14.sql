-- id: CTX-14
-- title: Store a context for every future connection, by ALTER ROLE … SET
-- attacker: injected
-- expect: blocked
-- answer: 42501
-- wins: done
-- naive: blocked
-- why: PostgreSQL refuses custom settings here to anybody but a superuser, in any design. Kept because a
--   GRANT SET ON PARAMETER would open it in the naive one.

-- @login
-- ours
ALTER ROLE CURRENT_USER SET tenancy.context = '{token}';
-- naive
ALTER ROLE CURRENT_USER SET app.current_tenant = '{b}';
