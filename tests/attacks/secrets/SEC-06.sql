-- id: SEC-06
-- title: A credential in the statement texts that monitoring reads
-- attacker: insider
-- expect: blocked
-- answer: nothing
-- wins: ~ sk_[a-z]+_[0-9a-z]{6}
-- objects: tenancy.enter
-- why: enter() takes its credential as a bind parameter; a text with $1 holds nothing. The sketch's key check puts it in a filter.

-- @victim
-- naive
SELECT 1 FROM public.tenants WHERE api_keys ->> 'secret' = '{b_staff_key}';
-- ours
SELECT 1;
-- @superuser
SELECT query FROM pg_stat_activity
    WHERE application_name = 'tenancy_attack'
    AND datname = current_database()
    AND pid <> pg_backend_pid();
