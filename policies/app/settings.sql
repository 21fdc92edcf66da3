-- policies/app/settings.sql: who reaches a row, as tenancy.access_matrix says.
-- Written by `make policies`; the wall stands alone, the doors are one per rule.

DROP POLICY IF EXISTS owner_door ON app.settings;
DROP POLICY IF EXISTS subject_delete ON app.settings;
DROP POLICY IF EXISTS subject_insert ON app.settings;
DROP POLICY IF EXISTS subject_select ON app.settings;
DROP POLICY IF EXISTS subject_update ON app.settings;
DROP POLICY IF EXISTS tenant_delete ON app.settings;
DROP POLICY IF EXISTS tenant_insert ON app.settings;
DROP POLICY IF EXISTS tenant_select ON app.settings;
DROP POLICY IF EXISTS tenant_update ON app.settings;
DROP POLICY IF EXISTS tenant_wall ON app.settings;

ALTER TABLE app.settings ENABLE ROW LEVEL SECURITY;
ALTER TABLE app.settings FORCE ROW LEVEL SECURITY;

CREATE POLICY tenant_wall ON app.settings AS RESTRICTIVE FOR ALL TO public
USING (tenant_id = (SELECT tenancy.tenant_id()))
WITH CHECK (tenant_id = (SELECT tenancy.tenant_id()));

COMMENT ON POLICY tenant_wall ON app.settings IS
'Restrictive: no permissive policy added later can cross tenants.';

CREATE POLICY owner_door ON app.settings TO tenancy_owner USING (true);

COMMENT ON POLICY owner_door ON app.settings IS
'Definer functions of the owner work, and only inside the tenant.';

CREATE POLICY tenant_delete ON app.settings FOR DELETE
TO tenancy_manager, tenancy_admin
USING (true);

CREATE POLICY tenant_insert ON app.settings FOR INSERT
TO tenancy_manager, tenancy_admin
WITH CHECK (true);

CREATE POLICY tenant_select ON app.settings FOR SELECT
TO tenancy_customer, tenancy_staff, tenancy_manager, tenancy_admin
USING (true);

CREATE POLICY tenant_update ON app.settings FOR UPDATE
TO tenancy_manager, tenancy_admin
USING (true)
WITH CHECK (true);

REVOKE ALL ON app.settings
FROM public, tenancy_customer, tenancy_staff, tenancy_manager, tenancy_admin, tenancy_operator;

GRANT DELETE ON app.settings TO tenancy_manager, tenancy_admin;

GRANT INSERT (
    tenant_id,
    id,
    branding,
    notifications,
    features,
    time_zone,
    currency,
    metadata
) ON app.settings
TO tenancy_manager, tenancy_admin;

GRANT SELECT (
    tenant_id,
    id,
    branding
) ON app.settings
TO tenancy_customer;

GRANT SELECT (
    tenant_id,
    id,
    branding,
    notifications,
    features,
    time_zone,
    currency,
    metadata,
    created_at,
    updated_at
) ON app.settings
TO tenancy_staff, tenancy_manager, tenancy_admin;

GRANT UPDATE (
    id,
    branding,
    notifications,
    features,
    time_zone,
    currency,
    metadata
) ON app.settings
TO tenancy_manager, tenancy_admin;
