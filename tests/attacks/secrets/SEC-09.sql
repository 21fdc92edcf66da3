-- id: SEC-09
-- title: Bind values in the log of a failing statement
-- attacker: insider
-- expect: blocked
-- answer: nothing
-- wins: true
-- needs: harden
-- objects: harden
-- why: With log_parameter_max_length_on_error above 0 a refused enter() would write the key into the log. A
--   session could turn it on; it is pinned at 0 where the login begins.

-- @login
-- ours
SELECT current_setting('log_parameter_max_length_on_error') <> '0' OR NOT EXISTS (SELECT
    FROM pg_db_role_setting
    WHERE array_to_string(setconfig, ',') ~ 'log_parameter_max_length_on_error=0'
    AND setrole = current_user::regrole);
-- naive
SELECT NOT EXISTS (SELECT FROM pg_db_role_setting
    WHERE array_to_string(setconfig, ',') ~ 'log_parameter_max_length_on_error=0'
    AND setrole = current_user::regrole);
