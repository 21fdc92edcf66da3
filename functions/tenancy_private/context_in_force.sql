-- tenancy_private.context_in_force(): the signed context, if its role is the one in force.
--
-- Why read-only: a context without the right to write verifies in read-only transactions alone, so
--              that minting one without tenancy.enter() gains nothing.
-- Why the role: SET ROLE to another tenant role must gain nothing, and a context that was minted
--              without tenancy.enter() has no role in force at all.
-- Tests:       tests/functions/tenancy/test_context.py

CREATE OR REPLACE FUNCTION tenancy_private.context_in_force()
RETURNS text
LANGUAGE plpgsql
STABLE
PARALLEL RESTRICTED
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_body text := tenancy_private.verified_context();
BEGIN
    IF v_body IS NULL OR current_setting('role') IS DISTINCT FROM (
        CASE substr(v_body, 69, 1)
            WHEN 'c' THEN 'tenancy_customer'
            WHEN 's' THEN 'tenancy_staff'
            WHEN 'm' THEN 'tenancy_manager'
            WHEN 'a' THEN 'tenancy_admin'
            WHEN 'o' THEN 'tenancy_operator'
        END
    ) OR (substr(v_body, 71, 1) = 'r' AND current_setting('transaction_read_only') <> 'on') THEN
        RETURN NULL;
    END IF;

    RETURN v_body;
END;
$function$;

COMMENT ON FUNCTION tenancy_private.context_in_force() IS
'The signed context when its role is in force, else NULL.';

ALTER FUNCTION tenancy_private.context_in_force() OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy_private.context_in_force() FROM public;
