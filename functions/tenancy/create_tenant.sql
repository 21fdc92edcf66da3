-- tenancy.create_tenant(…): a new tenant, whole or not at all.
--
-- Makes:       record, admin member, keys, webhook secret, settings, private bucket; then active.
-- Shown once:  the secrets in the result; stored are digests and pads.
-- Repeated:    the same idempotency key and parameters return the first tenant without secrets.
-- Raises:      TN002 not tenancy_admin outside any tenant. TN005 subdomain taken. TN030 another
--              region. TN031 idempotency key of another request. 23503, 23514 out of its domain.
-- Tests:       tests/functions/tenancy/test_create_tenant.py

CREATE OR REPLACE FUNCTION tenancy.create_tenant(
    p_name text,
    p_industry text,
    p_subdomain text,
    p_plan text DEFAULT 'professional',
    p_admin_email text DEFAULT NULL,
    p_region text DEFAULT NULL,
    p_idempotency_key text DEFAULT NULL,
    p_admin_user_id uuid DEFAULT NULL
)
RETURNS jsonb
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_id uuid := tenancy.uuidv7();
    v_admin_id uuid := coalesce(p_admin_user_id, tenancy.uuidv7());
    v_known uuid;
BEGIN
    PERFORM tenancy_private.require_platform();

    v_known := tenancy_private.repeated_request(p_idempotency_key, sha256(convert_to(
        jsonb_build_array(
            p_name, p_industry, p_subdomain, p_plan, p_admin_email, p_region, p_admin_user_id
        )::text, 'UTF8'
    )), v_id);
    IF v_known IS NOT NULL THEN
        RETURN tenancy_private.describe_tenant(v_known) || '{"is_new": false}';
    END IF;

    PERFORM tenancy_private.insert_tenant(
        v_id, p_name, p_industry, p_subdomain, p_plan, p_region
    );
    INSERT INTO tenancy_private.member (tenant_id, user_id, role, email)
    VALUES (v_id, v_admin_id, 'manager', p_admin_email);
    PERFORM tenancy.reconcile_tenant(v_id);
    PERFORM tenancy_private.note_platform_action(v_id, 'create_tenant');

    RETURN tenancy_private.describe_tenant(v_id) || jsonb_build_object(
        'is_new', true,
        'admin_user_id', v_admin_id,
        'public_key',
        tenancy_private.create_api_key(v_id, 'public', 'customer', 365, '{read,write}', NULL),
        'secret_key',
        tenancy_private.create_api_key(v_id, 'secret', 'manager', 365, '{read,write}', NULL),
        'webhook_secret', tenancy_private.create_webhook_secret(v_id)
    );
END;
$function$;

COMMENT ON FUNCTION tenancy.create_tenant(text, text, text, text, text, text, text, uuid) IS
'Create a tenant (industry restaurant, medspa or hotel) and return {tenant_id, slug, status, is_new, admin_user_id, public_key, secret_key, webhook_secret}; secrets only the first time. admin_user_id is the sub that the managers tokens carry. Raises TN002, TN005, TN030, TN031, 23503, 23514.';

ALTER FUNCTION tenancy.create_tenant(text, text, text, text, text, text, text, uuid)
OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy.create_tenant(text, text, text, text, text, text, text, uuid)
FROM public;
GRANT EXECUTE ON FUNCTION tenancy.create_tenant(text, text, text, text, text, text, text, uuid)
TO tenancy_admin;
