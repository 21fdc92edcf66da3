-- tenancy.provision_tenant_schema(p_tenant_id): make a tenant's own schema, as app is.
--
-- Rows:        stay where they are; tenancy.move_tenant() takes them.
-- Again:       a schema that is there is brought up to date.
-- Raises:      TN001 no such tenant. TN002 not the platform. TN004 no uuid. TN044.
-- Tests:       tests/functions/tenancy/test_own_schema.py

CREATE OR REPLACE FUNCTION tenancy.provision_tenant_schema(p_tenant_id text)
RETURNS text
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_tenant_id uuid;
BEGIN
    IF p_tenant_id ~ '^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$' THEN
        v_tenant_id := p_tenant_id;
    ELSIF tenancy_private.platform_role() IS NOT NULL THEN
        RAISE EXCEPTION 'no id of a tenant'
            USING ERRCODE = 'TN004', HINT = 'Pass the uuid of a tenant as text.';
    END IF;

    PERFORM tenancy.sync_tenant_schema(v_tenant_id, false, true);
    RETURN tenancy_private.own_schema_of(v_tenant_id);
END;
$function$;

COMMENT ON FUNCTION tenancy.provision_tenant_schema(text) IS
'Make the schema of a tenant (its uuid as text), or complete it, and return its name. Idempotent. Raises TN001, TN002, TN004, TN044.';

ALTER FUNCTION tenancy.provision_tenant_schema(text) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy.provision_tenant_schema(text) FROM public;
GRANT EXECUTE ON FUNCTION tenancy.provision_tenant_schema(text)
TO tenancy_admin, tenancy_operator;
