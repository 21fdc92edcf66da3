-- tenancy.set_feature(p_tenant_id, p_name, p_value): a flag of one tenant, instead of its plan's.
--
-- Raises:      TN001 no such tenant. TN002 not tenancy_admin. 23514 a malformed name.
-- Tests:       tests/functions/tenancy/test_limits.py

CREATE OR REPLACE FUNCTION tenancy.set_feature(p_tenant_id uuid, p_name text, p_value jsonb)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    PERFORM tenancy_private.require_platform();

    IF NOT EXISTS (SELECT FROM tenancy_private.tenant AS t WHERE t.id = p_tenant_id) THEN
        RAISE EXCEPTION 'resource not found' USING ERRCODE = 'TN001';
    END IF;

    IF p_value IS NULL THEN
        DELETE FROM tenancy_private.tenant_feature
        WHERE tenant_id = p_tenant_id AND feature = p_name;
        RETURN;
    END IF;

    INSERT INTO tenancy_private.tenant_feature AS f (tenant_id, feature, value)
    VALUES (p_tenant_id, p_name, p_value)
    ON CONFLICT (tenant_id, feature) DO UPDATE SET value = excluded.value;
END;
$function$;

COMMENT ON FUNCTION tenancy.set_feature(uuid, text, jsonb) IS
'Set a feature flag of one tenant (NULL: the plan''s again). Raises TN001, TN002, 23514.';

ALTER FUNCTION tenancy.set_feature(uuid, text, jsonb) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy.set_feature(uuid, text, jsonb) FROM public;
GRANT EXECUTE ON FUNCTION tenancy.set_feature(uuid, text, jsonb)
TO tenancy_admin;
