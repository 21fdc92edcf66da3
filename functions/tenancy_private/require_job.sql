-- tenancy_private.require_job(p_purpose): only a job with this purpose goes on.
--
-- Signed:      the digest of the request is part of the context, so the purpose cannot be changed
--              after tenancy.enter_system().
-- Raises:      TN002 no context of such a job.
-- Tests:       tests/functions/tenancy/test_purge.py

CREATE OR REPLACE FUNCTION tenancy_private.require_job(p_purpose text)
RETURNS uuid
LANGUAGE plpgsql
STABLE
PARALLEL RESTRICTED
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_body text := tenancy_private.context_in_force();
    v_request text := current_setting('tenancy.request', true);
BEGIN
    IF substr(v_body, 69, 1) = 'o'
        AND substr(v_body, 72, 64) = encode(sha256(convert_to(v_request, 'UTF8')), 'hex')
        AND v_request::jsonb ->> 'purpose' = p_purpose
    THEN
        RETURN substr(v_body, 5, 32)::uuid;
    END IF;

    RAISE EXCEPTION 'not permitted' USING
        ERRCODE = 'TN002',
        HINT = format('SELECT tenancy.enter_system(…, %L) first in the transaction.', p_purpose);
END;
$function$;

COMMENT ON FUNCTION tenancy_private.require_job(text) IS
'The tenant of a job with this purpose. Raises TN002 for everybody else.';

ALTER FUNCTION tenancy_private.require_job(text) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy_private.require_job(text) FROM public;
GRANT EXECUTE ON FUNCTION tenancy_private.require_job(text)
TO tenancy_owner;
