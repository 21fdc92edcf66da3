-- tenancy_private.function_digest(p_function): what a function is, in 64 digits.
--
-- Covers:      its text, settings and owner; not the functions that it calls.
-- Tests:       tests/functions/tenancy/test_backfill.py

CREATE OR REPLACE FUNCTION tenancy_private.function_digest(p_function regprocedure)
RETURNS text
LANGUAGE plpgsql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    RETURN (
        SELECT encode(sha256(convert_to(
            concat_ws(E'\n', pg_get_functiondef(p.oid), p.proowner::regrole), 'UTF8'
        )), 'hex')
        FROM pg_proc AS p
        WHERE p.oid = p_function
    );
END;
$function$;

COMMENT ON FUNCTION tenancy_private.function_digest(regprocedure) IS
'SHA-256 of the definition and owner of a function.';

ALTER FUNCTION tenancy_private.function_digest(regprocedure) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy_private.function_digest(regprocedure) FROM public;
