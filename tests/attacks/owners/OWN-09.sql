-- id: OWN-09
-- title: SET SESSION AUTHORIZATION to the owner
-- attacker: login
-- expect: blocked
-- answer: 42501
-- wins: done
-- naive: blocked
-- why: Only a superuser's session may. Kept: it shows that the login is none, in either design.

-- @login
SET LOCAL SESSION AUTHORIZATION {owner};
