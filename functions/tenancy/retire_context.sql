-- tenancy.retire_context(): sign the end of a context. Called by tenancy.leave().
--
-- Why signed:  leaving must not make room for another tenant in the same transaction, where open
--              cursors and deferred triggers still belong to the first.
-- Tests:       tests/functions/tenancy/test_context.py

CREATE OR REPLACE FUNCTION tenancy.retire_context()
RETURNS void
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_body text := tenancy_private.verified_context();
BEGIN
    IF v_body IS NULL THEN
        RETURN;
    END IF;

    v_body := overlay(v_body PLACING '-' FROM 69);
    EXECUTE format(
        'SET LOCAL tenancy.context = %L',
        v_body || tenancy_private.context_mac(left(v_body, 4), v_body)
    );
END;
$function$;

COMMENT ON FUNCTION tenancy.retire_context() IS
'Replace the context by its signed end: it verifies to no role. Idempotent.';

ALTER FUNCTION tenancy.retire_context() OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy.retire_context() FROM public;
GRANT EXECUTE ON FUNCTION tenancy.retire_context()
TO tenancy_customer, tenancy_staff, tenancy_manager, tenancy_admin, tenancy_gateway,
tenancy_console, tenancy_operator;
