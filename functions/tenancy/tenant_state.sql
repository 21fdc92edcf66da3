-- tenancy.tenant_state(p_name): where a tenant stands in its life, by slug or id.
--
-- Raises:      TN001 no such tenant.
-- Tests:       tests/functions/tenancy/test_begin_offboarding.py

CREATE OR REPLACE FUNCTION tenancy.tenant_state(p_name text)
RETURNS TABLE (
    tenant_id uuid,
    slug text,
    status text,
    may_write boolean,
    grace_ends_at timestamptz,
    archive_sha256 text
)
LANGUAGE plpgsql
STABLE
SECURITY DEFINER
ROWS 1
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    RETURN QUERY
    SELECT t.id, t.slug, t.status, s.may_write, o.grace_ends_at, o.archive_sha256
    FROM tenancy_private.tenant AS t
    INNER JOIN tenancy.tenant_status AS s ON t.status = s.status
    LEFT JOIN tenancy_private.offboarding AS o ON t.id = o.tenant_id
    WHERE t.id = tenancy_private.find_tenant(p_name);
    IF NOT FOUND THEN
        RAISE EXCEPTION 'resource not found' USING ERRCODE = 'TN001';
    END IF;
END;
$function$;

COMMENT ON FUNCTION tenancy.tenant_state(text) IS
'Id, slug, status, and the order to delete if there is one. Raises TN001.';

ALTER FUNCTION tenancy.tenant_state(text) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy.tenant_state(text) FROM public;
GRANT EXECUTE ON FUNCTION tenancy.tenant_state(text)
TO tenancy_admin, tenancy_operator;
