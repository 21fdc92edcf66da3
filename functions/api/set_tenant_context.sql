-- api.set_tenant_context(p_tenant_id): the product's rpc, in the schema that PostgREST exposes.
--
-- Proof:       tenancy.set_tenant_context() asks for it. HTTP keeps no context between requests:
--              each carries its credential, and this call confirms the tenant that it opens.
-- Raises:      TN001 no such tenant, or not the caller's. TN003 another context.
-- Tests:       tests/clients/postgrest/

CREATE OR REPLACE FUNCTION api.set_tenant_context(p_tenant_id text)
RETURNS void
LANGUAGE sql
VOLATILE
SECURITY INVOKER
BEGIN ATOMIC
    SELECT tenancy.set_tenant_context(p_tenant_id);
END;

COMMENT ON FUNCTION api.set_tenant_context(text) IS
'Confirm the tenant with this slug or id. Raises TN001, TN003.';

ALTER FUNCTION api.set_tenant_context(text) OWNER TO tenancy_owner;
REVOKE ALL ON FUNCTION api.set_tenant_context(text) FROM public;
GRANT EXECUTE ON FUNCTION api.set_tenant_context(text)
TO tenancy_customer, tenancy_staff, tenancy_manager, tenancy_admin;
