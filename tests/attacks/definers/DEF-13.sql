-- id: DEF-13
-- title: Bodies of definers tell a secret
-- attacker: injected
-- expect: blocked
-- answer: nothing
-- wins: rows
-- objects: tenancy_private.context_key
-- why: pg_proc is readable by all. Keys are rows, made inside the database, in no function's text.

SELECT proname FROM pg_proc AS p JOIN pg_namespace AS n ON n.oid = p.pronamespace
    WHERE n.nspname !~ '^pg_|^information_schema$'
    AND p.prosrc ~ 'whsec_[A-Za-z0-9+/]|sk_live_[a-z0-9]|[0-9a-f]{32}'
    AND NOT p.probin IS NOT NULL;
