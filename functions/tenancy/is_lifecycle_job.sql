-- tenancy.is_lifecycle_job(): is this an import, a move or a purge?
--
-- For:         triggers that keep derived columns. An archive has them already, a move takes them
--              along and a purge deletes them: such a trigger returns at once.
-- Fast:        a tenant's own statement is answered by its role alone.
-- Tests:       tests/functions/tenancy/test_import.py

CREATE OR REPLACE FUNCTION tenancy.is_lifecycle_job()
RETURNS boolean
LANGUAGE plpgsql
STABLE
PARALLEL RESTRICTED
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    IF current_setting('role') <> 'tenancy_operator' THEN
        RETURN false;
    END IF;

    RETURN tenancy_private.context_in_force() IS NOT NULL
        AND substr(tenancy_private.context_in_force(), 72, 64) IN (
            encode(sha256(convert_to('{"purpose": "import"}', 'UTF8')), 'hex'),
            encode(sha256(convert_to('{"purpose": "move"}', 'UTF8')), 'hex'),
            encode(sha256(convert_to('{"purpose": "purge"}', 'UTF8')), 'hex')
        );
END;
$function$;

COMMENT ON FUNCTION tenancy.is_lifecycle_job() IS
'True in a job that imports, moves or purges a tenant: triggers that keep derived columns stand back.';

ALTER FUNCTION tenancy.is_lifecycle_job() OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy.is_lifecycle_job() FROM public;
GRANT EXECUTE ON FUNCTION tenancy.is_lifecycle_job()
TO tenancy_owner, tenancy_builder, pg_database_owner;
