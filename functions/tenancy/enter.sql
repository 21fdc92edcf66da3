-- tenancy.enter(credential, request): bind this transaction to the tenant of a credential.
--
-- First:       the first statement of a transaction, outside savepoints. The credential is a bind
--              parameter, never part of the text.
-- Why invoker: a definer may not change the role. Without a SET clause every name is qualified.
-- Raises:      TN001 no access. TN003 another context. TN004 request is not a small JSON object.
-- Tests:       tests/functions/tenancy/test_enter.py

CREATE OR REPLACE FUNCTION tenancy.enter(credential text, request jsonb DEFAULT '{}')
RETURNS uuid
LANGUAGE plpgsql
VOLATILE
SECURITY INVOKER
AS $function$
DECLARE
    v_context pg_catalog.record;
BEGIN
    SELECT m.tenant_id, m.database_role, m.may_write INTO v_context
    FROM tenancy.mint_context(credential, request) AS m;

    EXECUTE pg_catalog.format('SET LOCAL ROLE %I', v_context.database_role);
    IF NOT v_context.may_write THEN
        SET LOCAL transaction_read_only = on;
    END IF;
    PERFORM tenancy.use_own_schema();

    RETURN v_context.tenant_id;
END;
$function$;

COMMENT ON FUNCTION tenancy.enter(text, jsonb) IS
'Enter the tenant of an API key, JWT or access ticket for this transaction and return its id. request: JSON object with tenant, location, host (hints) and request_id, client_address, user_agent (claims). Raises TN001, TN003, TN004.';

ALTER FUNCTION tenancy.enter(text, jsonb) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy.enter(text, jsonb) FROM public;
GRANT EXECUTE ON FUNCTION tenancy.enter(text, jsonb)
TO tenancy_customer, tenancy_staff, tenancy_manager, tenancy_admin, tenancy_gateway,
tenancy_console, tenancy_operator;
