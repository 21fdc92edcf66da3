-- tenancy.set_tenant_context(p_tenant_id): the product's documented call, by slug or id.
--
-- Proof:       it succeeds only where the caller's verified identity belongs to that tenant: the
--              name chooses among what the credential opens, it opens nothing.
-- Raises:      TN001 no such tenant, or not the caller's. TN003 another context.
-- Tests:       tests/functions/tenancy/test_set_tenant_context.py

CREATE OR REPLACE FUNCTION tenancy.set_tenant_context(p_tenant_id text)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SECURITY INVOKER
AS $function$
DECLARE
    v_context pg_catalog.record;
BEGIN
    SELECT m.database_role, m.may_write INTO v_context
    FROM tenancy.mint_named_context(p_tenant_id) AS m;

    EXECUTE pg_catalog.format('SET LOCAL ROLE %I', v_context.database_role);
    IF NOT v_context.may_write THEN
        SET LOCAL transaction_read_only = on;
    END IF;
    PERFORM tenancy.use_own_schema();
END;
$function$;

COMMENT ON FUNCTION tenancy.set_tenant_context(text) IS
'Enter, or confirm, the tenant with this slug or id. Raises TN001, TN003.';

ALTER FUNCTION tenancy.set_tenant_context(text) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy.set_tenant_context(text) FROM public;
GRANT EXECUTE ON FUNCTION tenancy.set_tenant_context(text)
TO tenancy_customer, tenancy_staff, tenancy_manager, tenancy_admin, tenancy_gateway,
tenancy_console, tenancy_operator;
