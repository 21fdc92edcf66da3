-- tenancy_private.find_tenant_of_host(p_host): the tenant that a host name belongs to, or NULL.
--
-- Forms:       slug.<platform domain> or a custom domain; port, case and a final dot do not matter.
-- Why two:     each half is found by its own unique index, whatever the number of tenants.
-- Tests:       tests/functions/tenancy/test_pre_request.py

CREATE OR REPLACE FUNCTION tenancy_private.find_tenant_of_host(p_host text)
RETURNS uuid
LANGUAGE plpgsql
STABLE
PARALLEL RESTRICTED
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_host text := rtrim(lower(split_part(btrim(p_host), ':', 1)), '.');
BEGIN
    RETURN (
        SELECT t.id
        FROM tenancy_private.tenant AS t
        WHERE t.custom_domain = v_host
        UNION ALL
        SELECT t.id
        FROM tenancy_private.node AS n
        INNER JOIN tenancy_private.tenant AS t ON t.slug = split_part(v_host, '.', 1)
        WHERE v_host = t.slug || '.' || n.platform_domain
        LIMIT 1
    );
END;
$function$;

COMMENT ON FUNCTION tenancy_private.find_tenant_of_host(text) IS
'Id of the tenant with this host name; NULL when it is nobody''s.';

ALTER FUNCTION tenancy_private.find_tenant_of_host(text) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy_private.find_tenant_of_host(text) FROM public;
