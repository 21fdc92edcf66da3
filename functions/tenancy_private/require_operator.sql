-- tenancy_private.require_operator(): only the platform's jobs go on, outside any tenant.
--
-- Login:       a function that a backfill runs may RESET ROLE to the login. One that is above row
--              security, or may be an owner or the console, would give it more than a job has.
-- Raises:      TN002 not tenancy_operator outside any tenant, or such a login.
-- Tests:       tests/functions/tenancy/test_backfill.py

CREATE OR REPLACE FUNCTION tenancy_private.require_operator()
RETURNS void
LANGUAGE plpgsql
STABLE
PARALLEL RESTRICTED
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    PERFORM tenancy_private.require_platform('{operator}');

    IF EXISTS (
        SELECT
        FROM pg_roles AS r
        WHERE (r.rolsuper OR r.rolbypassrls OR r.rolname IN (
            'tenancy_kernel', 'tenancy_owner', 'tenancy_auditor', 'tenancy_admin'
        )) AND pg_has_role(session_user, r.oid, 'MEMBER')
    ) THEN
        RAISE EXCEPTION 'not permitted' USING
            ERRCODE = 'TN002',
            HINT = format('Log in as tenancy_operator: %I may more than a job.', session_user);
    END IF;
END;
$function$;

COMMENT ON FUNCTION tenancy_private.require_operator() IS
'Refuse whoever is not tenancy_operator outside any tenant, and logins that may more. Raises TN002.';

ALTER FUNCTION tenancy_private.require_operator() OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy_private.require_operator() FROM public;
