-- The login of PostgREST: optional, idempotent, per database, after the migrations and as a
-- superuser (who is not one runs the first statement alone). docs/supabase.md says what follows.

-- A login of its own, so that on a hardened database set_config is open to it and to no other user
-- of tenancy_gateway. It owns nothing and is granted nothing else: what tenancy_gateway may do, and
-- that login reads nothing without a credential.
DO $login$
BEGIN
    IF pg_catalog.to_regrole('tenancy_rest') IS NULL THEN
        CREATE ROLE tenancy_rest LOGIN;
    END IF;
    IF NOT pg_catalog.pg_has_role('tenancy_rest', 'tenancy_gateway', 'MEMBER') THEN
        GRANT tenancy_gateway TO tenancy_rest;
    END IF;
END;
$login$;

-- PostgREST begins each transaction with it. Functions ask their caller's rights when a statement
-- starts, so the tenant roles that follow in the same transaction need none, and have none.
GRANT EXECUTE ON FUNCTION pg_catalog.set_config(text, text, boolean) TO tenancy_rest;

-- Its parameters are the headers of requests, with the credentials in them: never in a log.
ALTER ROLE tenancy_rest SET log_parameter_max_length = 0;
ALTER ROLE tenancy_rest SET log_parameter_max_length_on_error = 0;
ALTER ROLE tenancy_rest SET temp_file_limit = '1GB';

-- A visitor may send any query: none runs for long.
ALTER ROLE tenancy_rest SET statement_timeout = '15s';
ALTER ROLE tenancy_rest SET idle_in_transaction_session_timeout = '15s';
