-- app.make_defaults(): settings and private bucket of the tenant in context, where missing.
--
-- Why definer: the kernel has no rights on the tables; the owner has, and only inside the tenant.
-- Tests:       tests/functions/tenancy/test_create_tenant.py

CREATE OR REPLACE FUNCTION app.make_defaults()
RETURNS void
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    EXECUTE format(
        'INSERT INTO %s (tenant_id, branding, notifications) VALUES ($1, $2, $3) '
        'ON CONFLICT (tenant_id) DO NOTHING', tenancy_private.relation_for('app.settings')
    ) USING
        tenancy.tenant_id(),
        '{"primary_color": "#667eea", "logo_url": null}'::jsonb,
        '{"email_enabled": true, "sms_enabled": false}'::jsonb;

    EXECUTE format(
        'INSERT INTO %s (tenant_id, name, is_public, max_object_bytes) VALUES ($1, $2, false, $3) '
        'ON CONFLICT (tenant_id, name) DO NOTHING', tenancy_private.relation_for('app.storage_buckets')
    ) USING tenancy.tenant_id(), 'uploads', 52428800;
END;
$function$;

COMMENT ON FUNCTION app.make_defaults() IS
'Insert the default settings, and a private bucket for files of at most 50 MB, of the current tenant.';

ALTER FUNCTION app.make_defaults() OWNER TO tenancy_owner;
REVOKE ALL ON FUNCTION app.make_defaults() FROM public;
GRANT EXECUTE ON FUNCTION app.make_defaults()
TO tenancy_kernel;
