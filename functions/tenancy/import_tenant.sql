-- tenancy.import_tenant(p_tenant, p_slug): the tenant of an archive.
--
-- Clone:       with p_slug it is a new tenant: new id, no custom domain.
-- Status:      active, read_only and suspended stay; a tenant that was on its way somewhere else is
--              suspended, for an administrator to decide.
-- Raises:      TN002 not the platform. TN005 slug reserved, or resembles another. TN023 id, slug or
--              domain is taken here, by a purged tenant too. TN030 another region. 23514.
-- Tests:       tests/functions/tenancy/test_import.py

CREATE OR REPLACE FUNCTION tenancy.import_tenant(p_tenant jsonb, p_slug text)
RETURNS uuid
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_tenant tenancy_private.tenant := jsonb_populate_record(NULL::tenancy_private.tenant, p_tenant);
    v_why text := 'imported from an archive';
BEGIN
    PERFORM tenancy_private.require_platform('{operator,admin}');

    IF NOT EXISTS (
        SELECT FROM tenancy_private.node AS n WHERE v_tenant.region = n.region
    ) THEN
        RAISE EXCEPTION 'this cluster does not serve region %', v_tenant.region USING
            ERRCODE = 'TN030', HINT = 'Import it on a cluster of its region.';
    END IF;

    v_tenant.placement := 'shared';
    IF v_tenant.status NOT IN ('active', 'read_only', 'suspended') THEN
        v_tenant.status := 'suspended';
    END IF;
    IF p_slug IS NOT NULL THEN
        v_why := 'cloned from an archive of ' || v_tenant.id;
        v_tenant.id := tenancy.uuidv7();
        v_tenant.slug := p_slug;
        v_tenant.custom_domain := NULL;
        v_tenant.created_at := clock_timestamp();
    END IF;
    INSERT INTO tenancy_private.tenant SELECT v_tenant.*;
    PERFORM tenancy_private.claim_slug(v_tenant.slug, v_tenant.id);
    INSERT INTO tenancy_private.tenant_limit (tenant_id, name, value)
    SELECT v_tenant.id, l.key, l.value::bigint
    FROM jsonb_each_text(nullif(p_tenant -> 'limits', 'null')) AS l;
    INSERT INTO tenancy_private.tenant_feature (tenant_id, feature, value)
    SELECT v_tenant.id, f.key, f.value
    FROM jsonb_each(nullif(p_tenant -> 'features', 'null')) AS f;
    PERFORM tenancy_private.log_status(v_tenant.id, NULL, v_tenant.status, v_why);
    RETURN v_tenant.id;
EXCEPTION
    WHEN unique_violation THEN
        RAISE EXCEPTION 'id, slug or custom domain of the tenant is taken here' USING
            ERRCODE = 'TN023', HINT = 'Import it as a clone with a slug of its own.';
END;
$function$;

COMMENT ON FUNCTION tenancy.import_tenant(jsonb, text) IS
'Insert the tenant of an archive, or a clone of it, and return its id. Raises TN002, TN005, TN023, TN030, 23514.';

ALTER FUNCTION tenancy.import_tenant(jsonb, text) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy.import_tenant(jsonb, text) FROM public;
GRANT EXECUTE ON FUNCTION tenancy.import_tenant(jsonb, text)
TO tenancy_operator;
