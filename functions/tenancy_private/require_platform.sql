-- tenancy_private.require_platform(p_roles): only the platform goes on, outside any tenant.
--
-- Roles:       admin, the console, unless others are named.
-- Raises:      TN002 none of these roles outside any tenant.
-- Tests:       tests/functions/tenancy/test_create_tenant.py, test_own_schema.py

CREATE OR REPLACE FUNCTION tenancy_private.require_platform(p_roles text[] DEFAULT '{admin}')
RETURNS void
LANGUAGE plpgsql
STABLE
PARALLEL RESTRICTED
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    IF (tenancy_private.platform_role() = ANY (p_roles)) IS NOT TRUE THEN
        RAISE EXCEPTION 'not permitted' USING
            ERRCODE = 'TN002',
            HINT = format(
                'SET ROLE tenancy_%s outside any tenant.', array_to_string(p_roles, ' or tenancy_')
            );
    END IF;
END;
$function$;

COMMENT ON FUNCTION tenancy_private.require_platform(text[]) IS
'Refuse whoever is none of these roles (admin, operator) outside any tenant. Raises TN002.';

ALTER FUNCTION tenancy_private.require_platform(text[]) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy_private.require_platform(text[]) FROM public;
