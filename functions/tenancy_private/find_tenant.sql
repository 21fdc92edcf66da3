-- tenancy_private.find_tenant(p_name): a tenant by slug or id, whatever its status.
--
-- Exact:       no trimming and no case folding; slugs are ASCII, so look-alikes match nothing.
-- Tests:       tests/functions/tenancy/test_set_tenant_context.py

CREATE OR REPLACE FUNCTION tenancy_private.find_tenant(p_name text)
RETURNS uuid
LANGUAGE plpgsql
STABLE
PARALLEL RESTRICTED
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    RETURN (
        SELECT t.id FROM tenancy_private.tenant AS t WHERE t.slug = p_name
        UNION ALL
        SELECT t.id
        FROM tenancy_private.tenant AS t
        WHERE t.id = CASE
            WHEN lower(p_name) ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' THEN p_name::uuid
        END
        LIMIT 1
    );
END;
$function$;

COMMENT ON FUNCTION tenancy_private.find_tenant(text) IS
'Id of the tenant with this slug or id; NULL when there is none.';

ALTER FUNCTION tenancy_private.find_tenant(text) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy_private.find_tenant(text) FROM public;
