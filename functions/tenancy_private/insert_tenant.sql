-- tenancy_private.insert_tenant(…): the record of a tenant, its subdomain, and what it is to have.
--
-- Raises:      TN005 subdomain taken. TN030 another region. 23503, 23514 a value out of its domain.
-- Tests:       tests/functions/tenancy/test_create_tenant.py

CREATE OR REPLACE FUNCTION tenancy_private.insert_tenant(
    p_id uuid,
    p_name text,
    p_industry text,
    p_slug text,
    p_plan text,
    p_region text
)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_region text;
BEGIN
    SELECT n.region INTO STRICT v_region FROM tenancy_private.node AS n;
    IF p_region <> v_region THEN
        RAISE EXCEPTION 'this cluster serves region %', v_region USING
            ERRCODE = 'TN030', HINT = 'Create the tenant in a cluster of its own region.';
    END IF;

    INSERT INTO tenancy_private.tenant
        (id, slug, name, industry, plan, status, region, compliance_tier)
    VALUES (
        p_id, p_slug, p_name, p_industry, p_plan, 'provisioning', v_region,
        CASE p_industry WHEN 'medspa' THEN 'hipaa' ELSE 'standard' END
    )
    ON CONFLICT (slug) DO NOTHING;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'slug is taken' USING
            ERRCODE = 'TN005', HINT = 'Choose one that is not reserved and resembles no other.';
    END IF;

    PERFORM tenancy_private.claim_slug(p_slug, p_id);
    PERFORM tenancy_private.log_status(p_id, NULL, 'provisioning', 'signed up on the platform');
    INSERT INTO tenancy_private.resource (tenant_id, name)
    VALUES (p_id, 'settings'), (p_id, 'bucket');
END;
$function$;

COMMENT ON FUNCTION tenancy_private.insert_tenant(uuid, text, text, text, text, text) IS
'Insert a tenant in status provisioning. Raises TN005, TN030, 23503, 23514.';

ALTER FUNCTION tenancy_private.insert_tenant(uuid, text, text, text, text, text)
OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy_private.insert_tenant(uuid, text, text, text, text, text)
FROM public;
