-- tenancy_private.is_purge(): is this a job that purges a tenant?
--
-- For:         counters, which would be made anew by deleting what they count.
-- Tests:       tests/functions/tenancy/test_purge.py

CREATE OR REPLACE FUNCTION tenancy_private.is_purge()
RETURNS boolean
LANGUAGE plpgsql
STABLE
PARALLEL RESTRICTED
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    RETURN current_setting('role') = 'tenancy_operator'
        AND substr(tenancy_private.context_in_force(), 72, 64)
        = encode(sha256(convert_to('{"purpose": "purge"}', 'UTF8')), 'hex');
END;
$function$;

COMMENT ON FUNCTION tenancy_private.is_purge() IS
'True in a job that purges its tenant.';

ALTER FUNCTION tenancy_private.is_purge() OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy_private.is_purge() FROM public;
