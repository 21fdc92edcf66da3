-- sql/views/api/storage_objects.sql: app.storage_objects for PostgREST.
-- Written by `make policies`. Invoker: wall, doors and grants of the table hold.

CREATE OR REPLACE VIEW api.storage_objects
WITH (security_invoker = true, security_barrier = true) AS
SELECT
    tenant_id,
    id,
    bucket_id,
    customer_id,
    path,
    content_type,
    size_bytes,
    etag,
    metadata,
    created_at,
    updated_at
FROM app.storage_objects;

COMMENT ON VIEW api.storage_objects IS
'app.storage_objects as PostgREST serves it.';

COMMENT ON COLUMN api.storage_objects.tenant_id IS 'Tenant: proven by the context.';
COMMENT ON COLUMN api.storage_objects.id IS 'Time-ordered id, unique inside the tenant.';
COMMENT ON COLUMN api.storage_objects.bucket_id IS 'The bucket.';
COMMENT ON COLUMN api.storage_objects.customer_id IS 'Whose file it is, if a person''s.';
COMMENT ON COLUMN api.storage_objects.path IS 'Path, unique inside the bucket.';
COMMENT ON COLUMN api.storage_objects.content_type IS 'Media type (RFC 6838).';
COMMENT ON COLUMN api.storage_objects.size_bytes IS 'Size, in bytes.';
COMMENT ON COLUMN api.storage_objects.etag IS 'Digest of the bytes.';
COMMENT ON COLUMN api.storage_objects.metadata IS 'Free fields of the tenant''s own systems.';
COMMENT ON COLUMN api.storage_objects.created_at IS 'When the row was made.';
COMMENT ON COLUMN api.storage_objects.updated_at IS 'When it last changed; kept by a trigger.';

ALTER VIEW api.storage_objects OWNER TO tenancy_owner;

REVOKE ALL ON api.storage_objects
FROM public, tenancy_customer, tenancy_staff, tenancy_manager, tenancy_admin, tenancy_operator;

GRANT DELETE ON api.storage_objects TO tenancy_customer, tenancy_manager, tenancy_admin;

GRANT INSERT (
    tenant_id,
    id,
    bucket_id,
    customer_id,
    path,
    content_type,
    size_bytes,
    etag,
    metadata
) ON api.storage_objects
TO tenancy_customer, tenancy_staff, tenancy_manager, tenancy_admin;

GRANT SELECT (
    tenant_id,
    id,
    bucket_id,
    customer_id,
    path,
    content_type,
    size_bytes,
    etag,
    metadata,
    created_at,
    updated_at
) ON api.storage_objects
TO tenancy_customer, tenancy_staff, tenancy_manager, tenancy_admin;

GRANT UPDATE (
    id,
    bucket_id,
    customer_id,
    path,
    content_type,
    size_bytes,
    etag,
    metadata
) ON api.storage_objects
TO tenancy_customer, tenancy_staff, tenancy_manager, tenancy_admin;
