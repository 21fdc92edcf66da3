-- id: DOS-15
-- title: Change the password of the application's login
-- attacker: injected
-- expect: residual
-- wins: done
-- why: A role may always change its own password; no privilege takes that away.
-- remedy: Certificates or peer authentication for the logins, so that a password opens nothing.

-- @login
ALTER ROLE CURRENT_USER PASSWORD 'taken-over';
