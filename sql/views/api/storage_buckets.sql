-- sql/views/api/storage_buckets.sql: app.storage_buckets for PostgREST.
-- Written by `make policies`. Invoker: wall, doors and grants of the table hold.

CREATE OR REPLACE VIEW api.storage_buckets
WITH (security_invoker = true, security_barrier = true) AS
SELECT
    tenant_id,
    id,
    name,
    is_public,
    max_object_bytes,
    metadata,
    created_at,
    updated_at
FROM app.storage_buckets;

COMMENT ON VIEW api.storage_buckets IS
'app.storage_buckets as PostgREST serves it.';

COMMENT ON COLUMN api.storage_buckets.tenant_id IS 'Tenant: proven by the context.';
COMMENT ON COLUMN api.storage_buckets.id IS 'Time-ordered id, unique inside the tenant.';
COMMENT ON COLUMN api.storage_buckets.name IS 'Name, unique inside the tenant.';
COMMENT ON COLUMN api.storage_buckets.is_public IS 'Served without a signature.';
COMMENT ON COLUMN api.storage_buckets.max_object_bytes IS 'Largest object, in bytes.';
COMMENT ON COLUMN api.storage_buckets.metadata IS 'Free fields of the tenant''s own systems.';
COMMENT ON COLUMN api.storage_buckets.created_at IS 'When the row was made.';
COMMENT ON COLUMN api.storage_buckets.updated_at IS 'When it last changed; kept by a trigger.';

ALTER VIEW api.storage_buckets OWNER TO tenancy_owner;

REVOKE ALL ON api.storage_buckets
FROM public, tenancy_customer, tenancy_staff, tenancy_manager, tenancy_admin, tenancy_operator;

GRANT DELETE ON api.storage_buckets TO tenancy_manager, tenancy_admin;

GRANT INSERT (
    tenant_id,
    id,
    name,
    is_public,
    max_object_bytes,
    metadata
) ON api.storage_buckets
TO tenancy_staff, tenancy_manager, tenancy_admin;

GRANT SELECT (
    tenant_id,
    id,
    name,
    is_public,
    max_object_bytes,
    metadata,
    created_at,
    updated_at
) ON api.storage_buckets
TO tenancy_staff, tenancy_manager, tenancy_admin;

GRANT UPDATE (
    id,
    name,
    is_public,
    max_object_bytes,
    metadata
) ON api.storage_buckets
TO tenancy_staff, tenancy_manager, tenancy_admin;
