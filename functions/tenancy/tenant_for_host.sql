-- tenancy.tenant_for_host(p_host): whose site a host name is, or NULL.
--
-- No oracle:   unknown, suspended and of another region are one answer, by one path.
-- Tests:       tests/functions/tenancy/test_hosts.py

CREATE OR REPLACE FUNCTION tenancy.tenant_for_host(p_host text)
RETURNS uuid
LANGUAGE plpgsql
STABLE
PARALLEL RESTRICTED
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    RETURN (
        SELECT t.id
        FROM tenancy_private.tenant AS t
        INNER JOIN tenancy.tenant_status AS s ON t.status = s.status
        INNER JOIN tenancy_private.node AS n ON t.region = n.region
        WHERE s.may_enter
          AND t.id = tenancy_private.find_tenant_of_host(left(p_host, 260))
    );
END;
$function$;

COMMENT ON FUNCTION tenancy.tenant_for_host(text) IS
'Id of the open tenant of slug.<platform domain> or of a proven custom domain; NULL for anything else.';

ALTER FUNCTION tenancy.tenant_for_host(text) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy.tenant_for_host(text) FROM public;
GRANT EXECUTE ON FUNCTION tenancy.tenant_for_host(text)
TO tenancy_gateway, tenancy_admin, tenancy_operator;
