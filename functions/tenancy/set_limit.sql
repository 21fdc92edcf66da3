-- tenancy.set_limit(p_tenant_id, p_name, p_value): a limit of one tenant, instead of its plan's.
--
-- Lower than usage: nothing is deleted; the next addition is refused.
-- Raises:      TN001 no such tenant. TN002 not tenancy_admin. 23514 no such name, or negative.
-- Tests:       tests/functions/tenancy/test_limits.py

CREATE OR REPLACE FUNCTION tenancy.set_limit(p_tenant_id uuid, p_name text, p_value bigint)
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

    INSERT INTO tenancy_private.tenant_limit AS l (tenant_id, name, value)
    VALUES (p_tenant_id, p_name, p_value)
    ON CONFLICT (tenant_id, name) DO UPDATE SET value = excluded.value;
END;
$function$;

COMMENT ON FUNCTION tenancy.set_limit(uuid, text, bigint) IS
'Set a limit of one tenant (NULL: unlimited). tenancy.reset_limit() gives the plan''s back. Raises TN001, TN002, 23514.';

ALTER FUNCTION tenancy.set_limit(uuid, text, bigint) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy.set_limit(uuid, text, bigint) FROM public;
GRANT EXECUTE ON FUNCTION tenancy.set_limit(uuid, text, bigint)
TO tenancy_admin;
