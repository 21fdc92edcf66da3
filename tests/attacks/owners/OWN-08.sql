-- id: OWN-08
-- title: SET row_security = off
-- attacker: injected
-- expect: blocked
-- answer: 42501
-- wins: canary
-- naive: blocked
-- objects: app.customers
-- why: For whom policies apply, PostgreSQL turns the setting into an error, in any design. Kept: a role
--   with BYPASSRLS would get rows.

SET LOCAL row_security = off;
SELECT metadata FROM app.customers;
