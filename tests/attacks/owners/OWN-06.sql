-- id: OWN-06
-- title: Become the owner from the application's login, and switch row security off
-- attacker: injected
-- expect: blocked
-- answer: 42501
-- wins: done
-- objects: roles
-- why: The pooled login is a member of the three tenant roles and of nothing else. Many projects log in as
--   the role that ran the migrations.

SET LOCAL ROLE {owner};
ALTER TABLE app.customers DISABLE ROW LEVEL SECURITY;
