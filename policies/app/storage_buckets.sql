-- policies/app/storage_buckets.sql: who reaches a row, as tenancy.access_matrix says.
-- Written by `make policies`; the wall stands alone, the doors are one per rule.

DROP POLICY IF EXISTS owner_door ON app.storage_buckets;
DROP POLICY IF EXISTS subject_delete ON app.storage_buckets;
DROP POLICY IF EXISTS subject_insert ON app.storage_buckets;
DROP POLICY IF EXISTS subject_select ON app.storage_buckets;
DROP POLICY IF EXISTS subject_update ON app.storage_buckets;
DROP POLICY IF EXISTS tenant_delete ON app.storage_buckets;
DROP POLICY IF EXISTS tenant_insert ON app.storage_buckets;
DROP POLICY IF EXISTS tenant_select ON app.storage_buckets;
DROP POLICY IF EXISTS tenant_update ON app.storage_buckets;
DROP POLICY IF EXISTS tenant_wall ON app.storage_buckets;

ALTER TABLE app.storage_buckets ENABLE ROW LEVEL SECURITY;
ALTER TABLE app.storage_buckets FORCE ROW LEVEL SECURITY;

CREATE POLICY tenant_wall ON app.storage_buckets AS RESTRICTIVE FOR ALL TO public
USING (tenant_id = (SELECT tenancy.tenant_id()))
WITH CHECK (tenant_id = (SELECT tenancy.tenant_id()));

COMMENT ON POLICY tenant_wall ON app.storage_buckets IS
'Restrictive: no permissive policy added later can cross tenants.';

CREATE POLICY owner_door ON app.storage_buckets TO tenancy_owner USING (true);

COMMENT ON POLICY owner_door ON app.storage_buckets IS
'Definer functions of the owner work, and only inside the tenant.';

CREATE POLICY tenant_delete ON app.storage_buckets FOR DELETE
TO tenancy_manager, tenancy_admin
USING (true);

CREATE POLICY tenant_insert ON app.storage_buckets FOR INSERT
TO tenancy_staff, tenancy_manager, tenancy_admin
WITH CHECK (true);

CREATE POLICY tenant_select ON app.storage_buckets FOR SELECT
TO tenancy_staff, tenancy_manager, tenancy_admin
USING (true);

CREATE POLICY tenant_update ON app.storage_buckets FOR UPDATE
TO tenancy_staff, tenancy_manager, tenancy_admin
USING (true)
WITH CHECK (true);

REVOKE ALL ON app.storage_buckets
FROM public, tenancy_customer, tenancy_staff, tenancy_manager, tenancy_admin, tenancy_operator;

GRANT DELETE ON app.storage_buckets TO tenancy_manager, tenancy_admin;

GRANT INSERT (
    tenant_id,
    id,
    name,
    is_public,
    max_object_bytes,
    metadata
) ON app.storage_buckets
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
) ON app.storage_buckets
TO tenancy_staff, tenancy_manager, tenancy_admin;

GRANT UPDATE (
    id,
    name,
    is_public,
    max_object_bytes,
    metadata
) ON app.storage_buckets
TO tenancy_staff, tenancy_manager, tenancy_admin;
