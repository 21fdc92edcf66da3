-- tenancy_private.require_platform(): only the platform's console goes on, outside any tenant.
--
-- Raises:      TN002 not tenancy_admin outside any tenant.
-- Tests:       tests/functions/tenancy/test_create_tenant.py

CREATE OR REPLACE FUNCTION tenancy_private.require_platform()
RETURNS void
LANGUAGE plpgsql
STABLE
PARALLEL RESTRICTED
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    IF tenancy_private.platform_role() IS DISTINCT FROM 'admin' THEN
        RAISE EXCEPTION 'not permitted' USING
            ERRCODE = 'TN002', HINT = 'SET ROLE tenancy_admin outside any tenant.';
    END IF;
END;
$function$;

COMMENT ON FUNCTION tenancy_private.require_platform() IS
'Refuse whoever is not tenancy_admin outside any tenant. Raises TN002.';

ALTER FUNCTION tenancy_private.require_platform() OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy_private.require_platform() FROM public;
