-- include: sql/borrow.sql
-- Take the owner roles for the length of this transaction; sql/return.sql gives them back.
-- A superuser needs none. On PostgreSQL 16 and later this takes ADMIN OPTION on each role, which
-- its creator has; `tenancy migrate --preflight` prints the GRANT that is missing otherwise.

DO $borrow$
DECLARE
    v_role name;
BEGIN
    FOREACH v_role IN ARRAY ARRAY['tenancy_kernel', 'tenancy_owner', 'tenancy_auditor'] LOOP
        IF NOT pg_catalog.pg_has_role(current_user, v_role, 'USAGE') THEN
            EXECUTE pg_catalog.format('GRANT %I TO %I', v_role, current_user);
        END IF;
    END LOOP;
END;
$borrow$;

-- undo: seeds/reference/6-context-key.sql

-- undo: seeds/reference/5-access-matrix.sql

-- undo: seeds/reference/4-protected-tables.sql

-- undo: seeds/reference/3-tenant-roles.sql

-- undo: seeds/reference/2-tenant-statuses.sql

-- undo: seeds/reference/1-regions.sql

-- undo: policies/app/survey_responses.sql
DROP POLICY tenant_update ON app.survey_responses;
DROP POLICY tenant_select ON app.survey_responses;
DROP POLICY tenant_insert ON app.survey_responses;
DROP POLICY tenant_delete ON app.survey_responses;
DROP POLICY subject_update ON app.survey_responses;
DROP POLICY subject_select ON app.survey_responses;
DROP POLICY subject_insert ON app.survey_responses;
DROP POLICY subject_delete ON app.survey_responses;
DROP POLICY owner_door ON app.survey_responses;
DROP POLICY tenant_wall ON app.survey_responses;
ALTER TABLE app.survey_responses NO FORCE ROW LEVEL SECURITY;
ALTER TABLE app.survey_responses DISABLE ROW LEVEL SECURITY;
REVOKE ALL ON app.survey_responses FROM tenancy_customer, tenancy_manager, tenancy_admin;
REVOKE ALL ON app.survey_responses FROM tenancy_customer, tenancy_staff, tenancy_manager, tenancy_admin;

-- undo: policies/app/storage_objects.sql
DROP POLICY tenant_update ON app.storage_objects;
DROP POLICY tenant_select ON app.storage_objects;
DROP POLICY tenant_insert ON app.storage_objects;
DROP POLICY tenant_delete ON app.storage_objects;
DROP POLICY subject_update ON app.storage_objects;
DROP POLICY subject_select ON app.storage_objects;
DROP POLICY subject_insert ON app.storage_objects;
DROP POLICY subject_delete ON app.storage_objects;
DROP POLICY owner_door ON app.storage_objects;
DROP POLICY tenant_wall ON app.storage_objects;
ALTER TABLE app.storage_objects NO FORCE ROW LEVEL SECURITY;
ALTER TABLE app.storage_objects DISABLE ROW LEVEL SECURITY;
REVOKE ALL ON app.storage_objects FROM tenancy_customer, tenancy_manager, tenancy_admin;
REVOKE ALL ON app.storage_objects FROM tenancy_customer, tenancy_staff, tenancy_manager, tenancy_admin;

-- undo: policies/app/storage_buckets.sql
DROP POLICY tenant_update ON app.storage_buckets;
DROP POLICY tenant_select ON app.storage_buckets;
DROP POLICY tenant_insert ON app.storage_buckets;
DROP POLICY tenant_delete ON app.storage_buckets;
DROP POLICY owner_door ON app.storage_buckets;
DROP POLICY tenant_wall ON app.storage_buckets;
ALTER TABLE app.storage_buckets NO FORCE ROW LEVEL SECURITY;
ALTER TABLE app.storage_buckets DISABLE ROW LEVEL SECURITY;
REVOKE ALL ON app.storage_buckets FROM tenancy_manager, tenancy_admin;
REVOKE ALL ON app.storage_buckets FROM tenancy_staff, tenancy_manager, tenancy_admin;

-- undo: policies/app/settings.sql
DROP POLICY tenant_update ON app.settings;
DROP POLICY tenant_select ON app.settings;
DROP POLICY tenant_insert ON app.settings;
DROP POLICY tenant_delete ON app.settings;
DROP POLICY owner_door ON app.settings;
DROP POLICY tenant_wall ON app.settings;
ALTER TABLE app.settings NO FORCE ROW LEVEL SECURITY;
ALTER TABLE app.settings DISABLE ROW LEVEL SECURITY;
REVOKE ALL ON app.settings FROM tenancy_customer;
REVOKE ALL ON app.settings FROM tenancy_manager, tenancy_admin;
REVOKE ALL ON app.settings FROM tenancy_staff, tenancy_manager, tenancy_admin;

-- undo: policies/app/reservations.sql
DROP POLICY tenant_update ON app.reservations;
DROP POLICY tenant_select ON app.reservations;
DROP POLICY tenant_insert ON app.reservations;
DROP POLICY tenant_delete ON app.reservations;
DROP POLICY subject_update ON app.reservations;
DROP POLICY subject_select ON app.reservations;
DROP POLICY subject_insert ON app.reservations;
DROP POLICY subject_delete ON app.reservations;
DROP POLICY owner_door ON app.reservations;
DROP POLICY tenant_wall ON app.reservations;
ALTER TABLE app.reservations NO FORCE ROW LEVEL SECURITY;
ALTER TABLE app.reservations DISABLE ROW LEVEL SECURITY;
REVOKE ALL ON app.reservations FROM tenancy_customer, tenancy_manager, tenancy_admin;
REVOKE ALL ON app.reservations FROM tenancy_customer, tenancy_staff, tenancy_manager, tenancy_admin;

-- undo: policies/app/pins.sql
DROP POLICY tenant_update ON app.pins;
DROP POLICY tenant_select ON app.pins;
DROP POLICY tenant_insert ON app.pins;
DROP POLICY tenant_delete ON app.pins;
DROP POLICY subject_update ON app.pins;
DROP POLICY subject_insert ON app.pins;
DROP POLICY subject_delete ON app.pins;
DROP POLICY owner_door ON app.pins;
DROP POLICY tenant_wall ON app.pins;
ALTER TABLE app.pins NO FORCE ROW LEVEL SECURITY;
ALTER TABLE app.pins DISABLE ROW LEVEL SECURITY;
REVOKE ALL ON app.pins FROM tenancy_customer, tenancy_manager, tenancy_admin;
REVOKE ALL ON app.pins FROM tenancy_customer, tenancy_staff, tenancy_manager, tenancy_admin;

-- undo: policies/app/pin_comments.sql
DROP POLICY tenant_update ON app.pin_comments;
DROP POLICY tenant_select ON app.pin_comments;
DROP POLICY tenant_insert ON app.pin_comments;
DROP POLICY tenant_delete ON app.pin_comments;
DROP POLICY subject_update ON app.pin_comments;
DROP POLICY subject_insert ON app.pin_comments;
DROP POLICY subject_delete ON app.pin_comments;
DROP POLICY owner_door ON app.pin_comments;
DROP POLICY tenant_wall ON app.pin_comments;
ALTER TABLE app.pin_comments NO FORCE ROW LEVEL SECURITY;
ALTER TABLE app.pin_comments DISABLE ROW LEVEL SECURITY;
REVOKE ALL ON app.pin_comments FROM tenancy_customer, tenancy_manager, tenancy_admin;
REVOKE ALL ON app.pin_comments FROM tenancy_customer, tenancy_staff, tenancy_manager, tenancy_admin;

-- undo: policies/app/patients.sql
DROP POLICY tenant_update ON app.patients;
DROP POLICY tenant_select ON app.patients;
DROP POLICY tenant_insert ON app.patients;
DROP POLICY tenant_delete ON app.patients;
DROP POLICY subject_update ON app.patients;
DROP POLICY subject_select ON app.patients;
DROP POLICY subject_insert ON app.patients;
DROP POLICY subject_delete ON app.patients;
DROP POLICY owner_door ON app.patients;
DROP POLICY tenant_wall ON app.patients;
ALTER TABLE app.patients NO FORCE ROW LEVEL SECURITY;
ALTER TABLE app.patients DISABLE ROW LEVEL SECURITY;
REVOKE ALL ON app.patients FROM tenancy_customer, tenancy_manager, tenancy_admin;
REVOKE ALL ON app.patients FROM tenancy_customer, tenancy_staff, tenancy_manager, tenancy_admin;

-- undo: policies/app/orders.sql
DROP POLICY tenant_update ON app.orders;
DROP POLICY tenant_select ON app.orders;
DROP POLICY tenant_insert ON app.orders;
DROP POLICY tenant_delete ON app.orders;
DROP POLICY subject_update ON app.orders;
DROP POLICY subject_select ON app.orders;
DROP POLICY subject_insert ON app.orders;
DROP POLICY subject_delete ON app.orders;
DROP POLICY owner_door ON app.orders;
DROP POLICY tenant_wall ON app.orders;
ALTER TABLE app.orders NO FORCE ROW LEVEL SECURITY;
ALTER TABLE app.orders DISABLE ROW LEVEL SECURITY;
REVOKE ALL ON app.orders FROM tenancy_customer;
REVOKE ALL ON app.orders FROM tenancy_customer, tenancy_manager, tenancy_admin;
REVOKE ALL ON app.orders FROM tenancy_customer, tenancy_staff, tenancy_manager, tenancy_admin;
REVOKE ALL ON app.orders FROM tenancy_staff, tenancy_manager, tenancy_admin;

-- undo: policies/app/guests.sql
DROP POLICY tenant_update ON app.guests;
DROP POLICY tenant_select ON app.guests;
DROP POLICY tenant_insert ON app.guests;
DROP POLICY tenant_delete ON app.guests;
DROP POLICY subject_update ON app.guests;
DROP POLICY subject_select ON app.guests;
DROP POLICY subject_insert ON app.guests;
DROP POLICY subject_delete ON app.guests;
DROP POLICY owner_door ON app.guests;
DROP POLICY tenant_wall ON app.guests;
ALTER TABLE app.guests NO FORCE ROW LEVEL SECURITY;
ALTER TABLE app.guests DISABLE ROW LEVEL SECURITY;
REVOKE ALL ON app.guests FROM tenancy_customer, tenancy_manager, tenancy_admin;
REVOKE ALL ON app.guests FROM tenancy_customer, tenancy_staff, tenancy_manager, tenancy_admin;

-- undo: policies/app/customers.sql
DROP POLICY tenant_update ON app.customers;
DROP POLICY tenant_select ON app.customers;
DROP POLICY tenant_insert ON app.customers;
DROP POLICY tenant_delete ON app.customers;
DROP POLICY subject_update ON app.customers;
DROP POLICY subject_select ON app.customers;
DROP POLICY subject_insert ON app.customers;
DROP POLICY subject_delete ON app.customers;
DROP POLICY owner_door ON app.customers;
DROP POLICY tenant_wall ON app.customers;
ALTER TABLE app.customers NO FORCE ROW LEVEL SECURITY;
ALTER TABLE app.customers DISABLE ROW LEVEL SECURITY;
REVOKE ALL ON app.customers FROM tenancy_customer;
REVOKE ALL ON app.customers FROM tenancy_customer, tenancy_manager, tenancy_admin;
REVOKE ALL ON app.customers FROM tenancy_customer, tenancy_staff, tenancy_manager, tenancy_admin;
REVOKE ALL ON app.customers FROM tenancy_staff, tenancy_manager, tenancy_admin;

-- undo: policies/app/bookings.sql
DROP POLICY tenant_update ON app.bookings;
DROP POLICY tenant_select ON app.bookings;
DROP POLICY tenant_insert ON app.bookings;
DROP POLICY tenant_delete ON app.bookings;
DROP POLICY subject_update ON app.bookings;
DROP POLICY subject_select ON app.bookings;
DROP POLICY subject_insert ON app.bookings;
DROP POLICY subject_delete ON app.bookings;
DROP POLICY owner_door ON app.bookings;
DROP POLICY tenant_wall ON app.bookings;
ALTER TABLE app.bookings NO FORCE ROW LEVEL SECURITY;
ALTER TABLE app.bookings DISABLE ROW LEVEL SECURITY;
REVOKE ALL ON app.bookings FROM tenancy_customer, tenancy_manager, tenancy_admin;
REVOKE ALL ON app.bookings FROM tenancy_customer, tenancy_staff, tenancy_manager, tenancy_admin;

-- undo: policies/app/analytics.sql
DROP POLICY tenant_update ON app.analytics;
DROP POLICY tenant_select ON app.analytics;
DROP POLICY tenant_insert ON app.analytics;
DROP POLICY tenant_delete ON app.analytics;
DROP POLICY subject_update ON app.analytics;
DROP POLICY subject_select ON app.analytics;
DROP POLICY subject_insert ON app.analytics;
DROP POLICY subject_delete ON app.analytics;
DROP POLICY owner_door ON app.analytics;
DROP POLICY tenant_wall ON app.analytics;
ALTER TABLE app.analytics NO FORCE ROW LEVEL SECURITY;
ALTER TABLE app.analytics DISABLE ROW LEVEL SECURITY;
REVOKE ALL ON app.analytics FROM tenancy_customer, tenancy_manager, tenancy_admin;
REVOKE ALL ON app.analytics FROM tenancy_customer, tenancy_staff, tenancy_manager, tenancy_admin;

-- undo: sql/triggers/app/survey_responses.sql
DROP TRIGGER _200_touch ON app.survey_responses;
DROP TRIGGER _100_keep_identity ON app.survey_responses;

-- undo: sql/triggers/app/storage_objects.sql
DROP TRIGGER _200_touch ON app.storage_objects;
DROP TRIGGER _100_keep_identity ON app.storage_objects;

-- undo: sql/triggers/app/storage_buckets.sql
DROP TRIGGER _200_touch ON app.storage_buckets;
DROP TRIGGER _100_keep_identity ON app.storage_buckets;

-- undo: sql/triggers/app/settings.sql
DROP TRIGGER _200_touch ON app.settings;
DROP TRIGGER _100_keep_identity ON app.settings;

-- undo: sql/triggers/app/reservations.sql
DROP TRIGGER _200_touch ON app.reservations;
DROP TRIGGER _100_keep_identity ON app.reservations;

-- undo: sql/triggers/app/pins.sql
DROP TRIGGER _200_touch ON app.pins;
DROP TRIGGER _100_keep_identity ON app.pins;

-- undo: sql/triggers/app/pin_comments.sql
DROP TRIGGER _300_count_pin_comments ON app.pin_comments;
DROP TRIGGER _200_touch ON app.pin_comments;
DROP TRIGGER _100_keep_identity ON app.pin_comments;

-- undo: sql/triggers/app/patients.sql
DROP TRIGGER _200_touch ON app.patients;
DROP TRIGGER _100_keep_identity ON app.patients;

-- undo: sql/triggers/app/orders.sql
DROP TRIGGER _200_touch ON app.orders;
DROP TRIGGER _100_keep_identity ON app.orders;

-- undo: sql/triggers/app/guests.sql
DROP TRIGGER _200_touch ON app.guests;
DROP TRIGGER _100_keep_identity ON app.guests;

-- undo: sql/triggers/app/customers.sql
DROP TRIGGER _200_touch ON app.customers;
DROP TRIGGER _100_keep_identity ON app.customers;

-- undo: sql/triggers/app/bookings.sql
DROP TRIGGER _200_touch ON app.bookings;
DROP TRIGGER _100_keep_identity ON app.bookings;

-- undo: sql/triggers/app/analytics.sql
DROP TRIGGER _200_touch ON app.analytics;
DROP TRIGGER _100_keep_identity ON app.analytics;

-- include: sql/return.sql
-- Give back what sql/borrow.sql took: no membership in an owner role outlives the migration.
-- Only grants that the current user made to themself are revoked, never those of somebody else.

DO $return$
DECLARE
    v_role name;
BEGIN
    FOR v_role IN
        SELECT r.rolname
        FROM pg_catalog.pg_auth_members AS m
        INNER JOIN pg_catalog.pg_roles AS r ON m.roleid = r.oid
        WHERE m.member = m.grantor
          AND pg_catalog.pg_get_userbyid(m.member) = current_user
          AND r.rolname IN ('tenancy_kernel', 'tenancy_owner', 'tenancy_auditor')
    LOOP
        EXECUTE pg_catalog.format('REVOKE %I FROM %I', v_role, current_user);
    END LOOP;
END;
$return$;
