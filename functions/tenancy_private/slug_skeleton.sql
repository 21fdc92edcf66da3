-- tenancy_private.slug_skeleton(p_slug): what a slug looks like to a hurried reader.
--
-- Source:      the idea of Unicode TR 39, section 4, for the letters that a slug may have.
-- Tests:       tests/functions/tenancy/test_create_tenant.py

CREATE OR REPLACE FUNCTION tenancy_private.slug_skeleton(p_slug text)
RETURNS text
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
SECURITY INVOKER
BEGIN ATOMIC
    SELECT pg_catalog.translate(
        pg_catalog.replace(pg_catalog.replace(p_slug, 'rn', 'm'), 'vv', 'w'),
        '0123456789ijlqyuz-', 'ol2e4sb78glllgvvz'
    );
END;

COMMENT ON FUNCTION tenancy_private.slug_skeleton(text) IS
'Slug with look-alike characters folded together and hyphens removed.';

ALTER FUNCTION tenancy_private.slug_skeleton(text) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy_private.slug_skeleton(text) FROM public;
