-- tenancy.mint_named_context(p_tenant_id): prove that the caller belongs to the named tenant.
--
-- Identity:    the context in force, else the raw credential of a PostgREST request.
-- Raises:      TN001 no such tenant, or not the caller's. TN003 the caller''s, but not entered.
-- Tests:       tests/functions/tenancy/test_set_tenant_context.py

CREATE OR REPLACE FUNCTION tenancy.mint_named_context(
    p_tenant_id text,
    OUT tenant_id uuid,
    OUT database_role name,
    OUT may_write boolean
)
RETURNS record
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_body text := tenancy_private.context_in_force();
    v_tenant_id uuid := tenancy_private.find_tenant(p_tenant_id);
BEGIN
    IF v_body IS NULL THEN
        SELECT m.tenant_id, m.database_role, m.may_write
        INTO tenant_id, database_role, may_write
        FROM tenancy.mint_context(
            tenancy_private.request_credential(), jsonb_build_object('tenant', left(p_tenant_id, 64))
        ) AS m;
        RETURN;
    END IF;

    IF v_tenant_id IS NULL OR NOT EXISTS (
        SELECT WHERE v_tenant_id = substr(v_body, 5, 32)::uuid
        UNION ALL
        SELECT
        FROM tenancy_private.member AS m
        WHERE m.tenant_id = v_tenant_id AND m.user_id = substr(v_body, 37, 32)::uuid
    ) THEN
        RAISE EXCEPTION 'resource not found' USING ERRCODE = 'TN001';
    END IF;

    IF v_tenant_id <> substr(v_body, 5, 32)::uuid THEN
        RAISE EXCEPTION 'this transaction already has another context' USING
            ERRCODE = 'TN003',
            HINT = 'One tenant, actor and role per transaction: commit first.';
    END IF;

    tenant_id := v_tenant_id;
    database_role := current_setting('role');
    may_write := true;
END;
$function$;

COMMENT ON FUNCTION tenancy.mint_named_context(text) IS
'Prove membership of the named tenant. Called by tenancy.set_tenant_context(). Raises TN001, TN003.';

ALTER FUNCTION tenancy.mint_named_context(text) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy.mint_named_context(text) FROM public;
GRANT EXECUTE ON FUNCTION tenancy.mint_named_context(text)
TO tenancy_customer, tenancy_staff, tenancy_manager, tenancy_admin, tenancy_gateway,
tenancy_console, tenancy_operator;
