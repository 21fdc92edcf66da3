-- tenancy_private.claim_slug(p_slug, p_tenant_id): take a subdomain for good.
--
-- One text:    reserved, used before and look-alike are told apart for nobody.
-- Raises:      TN005 taken. 23514 not a slug (by the table of tenants, which comes first).
-- Tests:       tests/functions/tenancy/test_create_tenant.py

CREATE OR REPLACE FUNCTION tenancy_private.claim_slug(p_slug text, p_tenant_id uuid)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    INSERT INTO tenancy_private.taken_slug (skeleton, slug, tenant_id)
    VALUES (tenancy_private.slug_skeleton(p_slug), p_slug, p_tenant_id)
    ON CONFLICT (skeleton) DO NOTHING;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'slug is taken' USING
            ERRCODE = 'TN005', HINT = 'Choose one that is not reserved and resembles no other.';
    END IF;
END;
$function$;

COMMENT ON FUNCTION tenancy_private.claim_slug(text, uuid) IS
'Reserve a slug and everything that looks like it. Raises TN005.';

ALTER FUNCTION tenancy_private.claim_slug(text, uuid) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy_private.claim_slug(text, uuid) FROM public;
