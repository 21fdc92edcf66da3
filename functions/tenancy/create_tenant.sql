-- tenancy.create_tenant(p_slug, p_name, p_industry, p_region): a new tenant, ready to be entered.
--
-- Raises:      TN002 not tenancy_admin. TN005 slug taken. 23514 a value out of its domain.
-- Tests:       tests/functions/tenancy/test_members_and_keys.py

CREATE OR REPLACE FUNCTION tenancy.create_tenant(
    p_slug text,
    p_name text,
    p_industry text,
    p_region text DEFAULT NULL
)
RETURNS uuid
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_id uuid := tenancy.uuidv7();
BEGIN
    IF NOT tenancy_private.may_administer(v_id) THEN
        RAISE EXCEPTION 'not permitted' USING
            ERRCODE = 'TN002', HINT = 'SET ROLE tenancy_admin outside any tenant.';
    END IF;

    INSERT INTO tenancy_private.tenant (id, slug, name, industry, region)
    VALUES (
        v_id, p_slug, p_name, p_industry,
        coalesce(p_region, (SELECT n.region FROM tenancy_private.node AS n))
    );

    RETURN v_id;
EXCEPTION
    WHEN unique_violation THEN
        RAISE EXCEPTION 'slug is taken' USING ERRCODE = 'TN005', HINT = 'Choose another slug.';
END;
$function$;

COMMENT ON FUNCTION tenancy.create_tenant(text, text, text, text) IS
'Create an active tenant (industry restaurant, medspa or hotel; region of this cluster by default) and return its id. Raises TN002, TN005, 23514.';

ALTER FUNCTION tenancy.create_tenant(text, text, text, text) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy.create_tenant(text, text, text, text) FROM public;
GRANT EXECUTE ON FUNCTION tenancy.create_tenant(text, text, text, text)
TO tenancy_admin;
