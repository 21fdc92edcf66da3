-- id: ESC-27
-- title: The application's login becomes an administrator
-- attacker: login
-- expect: blocked
-- answer: 42501
-- wins: done
-- objects: roles
-- why: Administrators have a login of their own.

-- @login
-- ours
SET LOCAL ROLE tenancy_admin;
-- naive
SET LOCAL ROLE {service};
