-- id: SEC-07
-- title: A credential that an application put into the text all the same
-- attacker: insider
-- expect: residual
-- wins: ~ sk_[a-z]+_[0-9a-z]{6}
-- why: A statement's text is in pg_stat_activity, and in the log when it fails; literals are part of it.
-- remedy: Bind parameters; log_parameter_max_length_on_error = 0, which sql/harden.sql sets for the gateway.

-- @victim
-- ours
SELECT tenancy.enter('{b_manager_key}');
-- naive
SELECT public.validate_key('{b_staff_key}');
-- @superuser
SELECT query FROM pg_stat_activity
    WHERE application_name = 'tenancy_attack'
    AND datname = current_database()
    AND pid <> pg_backend_pid();
