-- tenancy.sync_tenant_schema(p_tenant_id, p_drop, p_create): bring an own schema up to date.
--
-- Locks:       the tenant's record, so that two at once take turns; then this schema's tables.
-- Raises:      TN001 no such tenant, or no schema. TN002 not the platform. TN044 still differs.
-- Tests:       tests/functions/tenancy/test_own_schema.py

CREATE OR REPLACE FUNCTION tenancy.sync_tenant_schema(
    p_tenant_id uuid,
    p_drop boolean DEFAULT false,
    p_create boolean DEFAULT false
)
RETURNS integer
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_count integer;
BEGIN
    PERFORM tenancy_private.require_platform('{operator,admin}');

    PERFORM FROM tenancy_private.tenant AS t
    WHERE t.id = p_tenant_id AND t.status NOT IN ('purging', 'purged')
      AND (p_create OR EXISTS (
          SELECT FROM tenancy_private.tenant_schema AS s WHERE s.tenant_id = t.id
      ))
    FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'resource not found' USING ERRCODE = 'TN001';
    END IF;

    v_count := app.sync_schema(p_tenant_id, p_drop);
    INSERT INTO tenancy_private.tenant_schema (tenant_id, synced_at, template_stamp, own_stamp)
    VALUES (
        p_tenant_id, clock_timestamp(), tenancy_private.schema_stamp('app'),
        tenancy_private.schema_stamp(tenancy_private.own_schema_of(p_tenant_id))
    )
    ON CONFLICT (tenant_id) DO UPDATE
    SET synced_at = excluded.synced_at, template_stamp = excluded.template_stamp,
        own_stamp = excluded.own_stamp;
    RETURN v_count;
END;
$function$;

COMMENT ON FUNCTION tenancy.sync_tenant_schema(uuid, boolean, boolean) IS
'Make the tables of a tenant''s own schema like those of app and return the number of statements; p_drop: drop columns that app has no more. Raises TN001, TN002, TN044.';

ALTER FUNCTION tenancy.sync_tenant_schema(uuid, boolean, boolean) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy.sync_tenant_schema(uuid, boolean, boolean) FROM public;
GRANT EXECUTE ON FUNCTION tenancy.sync_tenant_schema(uuid, boolean, boolean)
TO tenancy_admin, tenancy_operator;
