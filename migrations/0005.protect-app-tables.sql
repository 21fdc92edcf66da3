-- Protect app tables.
-- depends: 0004.create-app-tables

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

-- include: sql/triggers/app/analytics.sql
-- sql/triggers/app/analytics.sql

CREATE OR REPLACE TRIGGER _100_keep_identity
BEFORE UPDATE ON app.analytics
FOR EACH ROW EXECUTE FUNCTION tenancy.tg_keep_identity();

CREATE OR REPLACE TRIGGER _200_touch
BEFORE UPDATE ON app.analytics
FOR EACH ROW EXECUTE FUNCTION app.tg_touch();

-- include: sql/triggers/app/bookings.sql
-- sql/triggers/app/bookings.sql

CREATE OR REPLACE TRIGGER _100_keep_identity
BEFORE UPDATE ON app.bookings
FOR EACH ROW EXECUTE FUNCTION tenancy.tg_keep_identity();

CREATE OR REPLACE TRIGGER _200_touch
BEFORE UPDATE ON app.bookings
FOR EACH ROW EXECUTE FUNCTION app.tg_touch();

-- include: sql/triggers/app/customers.sql
-- sql/triggers/app/customers.sql

CREATE OR REPLACE TRIGGER _100_keep_identity
BEFORE UPDATE ON app.customers
FOR EACH ROW EXECUTE FUNCTION tenancy.tg_keep_identity();

CREATE OR REPLACE TRIGGER _200_touch
BEFORE UPDATE ON app.customers
FOR EACH ROW EXECUTE FUNCTION app.tg_touch();

-- include: sql/triggers/app/guests.sql
-- sql/triggers/app/guests.sql

CREATE OR REPLACE TRIGGER _100_keep_identity
BEFORE UPDATE ON app.guests
FOR EACH ROW EXECUTE FUNCTION tenancy.tg_keep_identity();

CREATE OR REPLACE TRIGGER _200_touch
BEFORE UPDATE ON app.guests
FOR EACH ROW EXECUTE FUNCTION app.tg_touch();

-- include: sql/triggers/app/orders.sql
-- sql/triggers/app/orders.sql

CREATE OR REPLACE TRIGGER _100_keep_identity
BEFORE UPDATE ON app.orders
FOR EACH ROW EXECUTE FUNCTION tenancy.tg_keep_identity();

CREATE OR REPLACE TRIGGER _200_touch
BEFORE UPDATE ON app.orders
FOR EACH ROW EXECUTE FUNCTION app.tg_touch();

-- include: sql/triggers/app/patients.sql
-- sql/triggers/app/patients.sql

CREATE OR REPLACE TRIGGER _100_keep_identity
BEFORE UPDATE ON app.patients
FOR EACH ROW EXECUTE FUNCTION tenancy.tg_keep_identity();

CREATE OR REPLACE TRIGGER _200_touch
BEFORE UPDATE ON app.patients
FOR EACH ROW EXECUTE FUNCTION app.tg_touch();

-- include: sql/triggers/app/pin_comments.sql
-- sql/triggers/app/pin_comments.sql

CREATE OR REPLACE TRIGGER _100_keep_identity
BEFORE UPDATE ON app.pin_comments
FOR EACH ROW EXECUTE FUNCTION tenancy.tg_keep_identity();

CREATE OR REPLACE TRIGGER _200_touch
BEFORE UPDATE ON app.pin_comments
FOR EACH ROW EXECUTE FUNCTION app.tg_touch();

CREATE OR REPLACE TRIGGER _300_count_pin_comments
AFTER INSERT OR DELETE OR UPDATE OF pin_id ON app.pin_comments
FOR EACH ROW EXECUTE FUNCTION app.tg_count_pin_comments();

-- include: sql/triggers/app/pins.sql
-- sql/triggers/app/pins.sql

CREATE OR REPLACE TRIGGER _100_keep_identity
BEFORE UPDATE ON app.pins
FOR EACH ROW EXECUTE FUNCTION tenancy.tg_keep_identity();

CREATE OR REPLACE TRIGGER _200_touch
BEFORE UPDATE ON app.pins
FOR EACH ROW EXECUTE FUNCTION app.tg_touch();

-- include: sql/triggers/app/reservations.sql
-- sql/triggers/app/reservations.sql

CREATE OR REPLACE TRIGGER _100_keep_identity
BEFORE UPDATE ON app.reservations
FOR EACH ROW EXECUTE FUNCTION tenancy.tg_keep_identity();

CREATE OR REPLACE TRIGGER _200_touch
BEFORE UPDATE ON app.reservations
FOR EACH ROW EXECUTE FUNCTION app.tg_touch();

-- include: sql/triggers/app/settings.sql
-- sql/triggers/app/settings.sql

CREATE OR REPLACE TRIGGER _100_keep_identity
BEFORE UPDATE ON app.settings
FOR EACH ROW EXECUTE FUNCTION tenancy.tg_keep_identity();

CREATE OR REPLACE TRIGGER _200_touch
BEFORE UPDATE ON app.settings
FOR EACH ROW EXECUTE FUNCTION app.tg_touch();

-- include: sql/triggers/app/storage_buckets.sql
-- sql/triggers/app/storage_buckets.sql

CREATE OR REPLACE TRIGGER _100_keep_identity
BEFORE UPDATE ON app.storage_buckets
FOR EACH ROW EXECUTE FUNCTION tenancy.tg_keep_identity();

CREATE OR REPLACE TRIGGER _200_touch
BEFORE UPDATE ON app.storage_buckets
FOR EACH ROW EXECUTE FUNCTION app.tg_touch();

-- include: sql/triggers/app/storage_objects.sql
-- sql/triggers/app/storage_objects.sql

CREATE OR REPLACE TRIGGER _100_keep_identity
BEFORE UPDATE ON app.storage_objects
FOR EACH ROW EXECUTE FUNCTION tenancy.tg_keep_identity();

CREATE OR REPLACE TRIGGER _200_touch
BEFORE UPDATE ON app.storage_objects
FOR EACH ROW EXECUTE FUNCTION app.tg_touch();

-- include: sql/triggers/app/survey_responses.sql
-- sql/triggers/app/survey_responses.sql

CREATE OR REPLACE TRIGGER _100_keep_identity
BEFORE UPDATE ON app.survey_responses
FOR EACH ROW EXECUTE FUNCTION tenancy.tg_keep_identity();

CREATE OR REPLACE TRIGGER _200_touch
BEFORE UPDATE ON app.survey_responses
FOR EACH ROW EXECUTE FUNCTION app.tg_touch();

-- include: policies/app/analytics.sql
-- policies/app/analytics.sql: who reaches a row, as tenancy.access_matrix says.
-- Written by `make policies`; the wall stands alone, the doors are one per rule.

DROP POLICY IF EXISTS owner_door ON app.analytics;
DROP POLICY IF EXISTS subject_delete ON app.analytics;
DROP POLICY IF EXISTS subject_insert ON app.analytics;
DROP POLICY IF EXISTS subject_select ON app.analytics;
DROP POLICY IF EXISTS subject_update ON app.analytics;
DROP POLICY IF EXISTS tenant_delete ON app.analytics;
DROP POLICY IF EXISTS tenant_insert ON app.analytics;
DROP POLICY IF EXISTS tenant_select ON app.analytics;
DROP POLICY IF EXISTS tenant_update ON app.analytics;
DROP POLICY IF EXISTS tenant_wall ON app.analytics;

ALTER TABLE app.analytics ENABLE ROW LEVEL SECURITY;
ALTER TABLE app.analytics FORCE ROW LEVEL SECURITY;

CREATE POLICY tenant_wall ON app.analytics AS RESTRICTIVE FOR ALL TO public
USING (tenant_id = (SELECT tenancy.tenant_id()))
WITH CHECK (tenant_id = (SELECT tenancy.tenant_id()));

COMMENT ON POLICY tenant_wall ON app.analytics IS
'Restrictive: no permissive policy added later can cross tenants.';

CREATE POLICY owner_door ON app.analytics TO tenancy_owner USING (true);

COMMENT ON POLICY owner_door ON app.analytics IS
'Definer functions of the owner work, and only inside the tenant.';

CREATE POLICY subject_delete ON app.analytics FOR DELETE
TO tenancy_customer
USING (customer_id = (SELECT tenancy.actor_id()));

CREATE POLICY subject_insert ON app.analytics FOR INSERT
TO tenancy_customer
WITH CHECK (customer_id = (SELECT tenancy.actor_id()));

CREATE POLICY subject_select ON app.analytics FOR SELECT
TO tenancy_customer
USING (customer_id = (SELECT tenancy.actor_id()));

CREATE POLICY subject_update ON app.analytics FOR UPDATE
TO tenancy_customer
USING (customer_id = (SELECT tenancy.actor_id()))
WITH CHECK (customer_id = (SELECT tenancy.actor_id()));

CREATE POLICY tenant_delete ON app.analytics FOR DELETE
TO tenancy_manager, tenancy_admin
USING (true);

CREATE POLICY tenant_insert ON app.analytics FOR INSERT
TO tenancy_staff, tenancy_manager, tenancy_admin
WITH CHECK (true);

CREATE POLICY tenant_select ON app.analytics FOR SELECT
TO tenancy_staff, tenancy_manager, tenancy_admin
USING (true);

CREATE POLICY tenant_update ON app.analytics FOR UPDATE
TO tenancy_staff, tenancy_manager, tenancy_admin
USING (true)
WITH CHECK (true);

REVOKE ALL ON app.analytics
FROM public, tenancy_customer, tenancy_staff, tenancy_manager, tenancy_admin, tenancy_operator;

GRANT DELETE ON app.analytics TO tenancy_customer, tenancy_manager, tenancy_admin;

GRANT INSERT (
    tenant_id,
    id,
    customer_id,
    event,
    session_id,
    payload,
    occurred_at,
    metadata
) ON app.analytics
TO tenancy_customer, tenancy_staff, tenancy_manager, tenancy_admin;

GRANT SELECT (
    tenant_id,
    id,
    customer_id,
    event,
    session_id,
    payload,
    occurred_at,
    metadata,
    created_at,
    updated_at
) ON app.analytics
TO tenancy_customer, tenancy_staff, tenancy_manager, tenancy_admin;

GRANT UPDATE (
    id,
    customer_id,
    event,
    session_id,
    payload,
    occurred_at,
    metadata
) ON app.analytics
TO tenancy_customer, tenancy_staff, tenancy_manager, tenancy_admin;

-- include: policies/app/bookings.sql
-- policies/app/bookings.sql: who reaches a row, as tenancy.access_matrix says.
-- Written by `make policies`; the wall stands alone, the doors are one per rule.

DROP POLICY IF EXISTS owner_door ON app.bookings;
DROP POLICY IF EXISTS subject_delete ON app.bookings;
DROP POLICY IF EXISTS subject_insert ON app.bookings;
DROP POLICY IF EXISTS subject_select ON app.bookings;
DROP POLICY IF EXISTS subject_update ON app.bookings;
DROP POLICY IF EXISTS tenant_delete ON app.bookings;
DROP POLICY IF EXISTS tenant_insert ON app.bookings;
DROP POLICY IF EXISTS tenant_select ON app.bookings;
DROP POLICY IF EXISTS tenant_update ON app.bookings;
DROP POLICY IF EXISTS tenant_wall ON app.bookings;

ALTER TABLE app.bookings ENABLE ROW LEVEL SECURITY;
ALTER TABLE app.bookings FORCE ROW LEVEL SECURITY;

CREATE POLICY tenant_wall ON app.bookings AS RESTRICTIVE FOR ALL TO public
USING (tenant_id = (SELECT tenancy.tenant_id()))
WITH CHECK (tenant_id = (SELECT tenancy.tenant_id()));

COMMENT ON POLICY tenant_wall ON app.bookings IS
'Restrictive: no permissive policy added later can cross tenants.';

CREATE POLICY owner_door ON app.bookings TO tenancy_owner USING (true);

COMMENT ON POLICY owner_door ON app.bookings IS
'Definer functions of the owner work, and only inside the tenant.';

CREATE POLICY subject_delete ON app.bookings FOR DELETE
TO tenancy_customer
USING (customer_id = (SELECT tenancy.actor_id()));

CREATE POLICY subject_insert ON app.bookings FOR INSERT
TO tenancy_customer
WITH CHECK (customer_id = (SELECT tenancy.actor_id()));

CREATE POLICY subject_select ON app.bookings FOR SELECT
TO tenancy_customer
USING (customer_id = (SELECT tenancy.actor_id()));

CREATE POLICY subject_update ON app.bookings FOR UPDATE
TO tenancy_customer
USING (customer_id = (SELECT tenancy.actor_id()))
WITH CHECK (customer_id = (SELECT tenancy.actor_id()));

CREATE POLICY tenant_delete ON app.bookings FOR DELETE
TO tenancy_manager, tenancy_admin
USING (true);

CREATE POLICY tenant_insert ON app.bookings FOR INSERT
TO tenancy_staff, tenancy_manager, tenancy_admin
WITH CHECK (true);

CREATE POLICY tenant_select ON app.bookings FOR SELECT
TO tenancy_staff, tenancy_manager, tenancy_admin
USING (true);

CREATE POLICY tenant_update ON app.bookings FOR UPDATE
TO tenancy_staff, tenancy_manager, tenancy_admin
USING (true)
WITH CHECK (true);

REVOKE ALL ON app.bookings
FROM public, tenancy_customer, tenancy_staff, tenancy_manager, tenancy_admin, tenancy_operator;

GRANT DELETE ON app.bookings TO tenancy_customer, tenancy_manager, tenancy_admin;

GRANT INSERT (
    tenant_id,
    id,
    customer_id,
    patient_id,
    service,
    status,
    starts_at,
    ends_at,
    time_zone,
    party_size,
    currency,
    price,
    notes,
    metadata
) ON app.bookings
TO tenancy_customer, tenancy_staff, tenancy_manager, tenancy_admin;

GRANT SELECT (
    tenant_id,
    id,
    customer_id,
    patient_id,
    service,
    status,
    starts_at,
    ends_at,
    time_zone,
    party_size,
    currency,
    price,
    notes,
    metadata,
    created_at,
    updated_at
) ON app.bookings
TO tenancy_customer, tenancy_staff, tenancy_manager, tenancy_admin;

GRANT UPDATE (
    id,
    customer_id,
    patient_id,
    service,
    status,
    starts_at,
    ends_at,
    time_zone,
    party_size,
    currency,
    price,
    notes,
    metadata
) ON app.bookings
TO tenancy_customer, tenancy_staff, tenancy_manager, tenancy_admin;

-- include: policies/app/customers.sql
-- policies/app/customers.sql: who reaches a row, as tenancy.access_matrix says.
-- Written by `make policies`; the wall stands alone, the doors are one per rule.

DROP POLICY IF EXISTS owner_door ON app.customers;
DROP POLICY IF EXISTS subject_delete ON app.customers;
DROP POLICY IF EXISTS subject_insert ON app.customers;
DROP POLICY IF EXISTS subject_select ON app.customers;
DROP POLICY IF EXISTS subject_update ON app.customers;
DROP POLICY IF EXISTS tenant_delete ON app.customers;
DROP POLICY IF EXISTS tenant_insert ON app.customers;
DROP POLICY IF EXISTS tenant_select ON app.customers;
DROP POLICY IF EXISTS tenant_update ON app.customers;
DROP POLICY IF EXISTS tenant_wall ON app.customers;

ALTER TABLE app.customers ENABLE ROW LEVEL SECURITY;
ALTER TABLE app.customers FORCE ROW LEVEL SECURITY;

CREATE POLICY tenant_wall ON app.customers AS RESTRICTIVE FOR ALL TO public
USING (tenant_id = (SELECT tenancy.tenant_id()))
WITH CHECK (tenant_id = (SELECT tenancy.tenant_id()));

COMMENT ON POLICY tenant_wall ON app.customers IS
'Restrictive: no permissive policy added later can cross tenants.';

CREATE POLICY owner_door ON app.customers TO tenancy_owner USING (true);

COMMENT ON POLICY owner_door ON app.customers IS
'Definer functions of the owner work, and only inside the tenant.';

CREATE POLICY subject_delete ON app.customers FOR DELETE
TO tenancy_customer
USING (id = (SELECT tenancy.actor_id()));

CREATE POLICY subject_insert ON app.customers FOR INSERT
TO tenancy_customer
WITH CHECK (id = (SELECT tenancy.actor_id()));

CREATE POLICY subject_select ON app.customers FOR SELECT
TO tenancy_customer
USING (id = (SELECT tenancy.actor_id()));

CREATE POLICY subject_update ON app.customers FOR UPDATE
TO tenancy_customer
USING (id = (SELECT tenancy.actor_id()))
WITH CHECK (id = (SELECT tenancy.actor_id()));

CREATE POLICY tenant_delete ON app.customers FOR DELETE
TO tenancy_manager, tenancy_admin
USING (true);

CREATE POLICY tenant_insert ON app.customers FOR INSERT
TO tenancy_staff, tenancy_manager, tenancy_admin
WITH CHECK (true);

CREATE POLICY tenant_select ON app.customers FOR SELECT
TO tenancy_staff, tenancy_manager, tenancy_admin
USING (true);

CREATE POLICY tenant_update ON app.customers FOR UPDATE
TO tenancy_staff, tenancy_manager, tenancy_admin
USING (true)
WITH CHECK (true);

REVOKE ALL ON app.customers
FROM public, tenancy_customer, tenancy_staff, tenancy_manager, tenancy_admin, tenancy_operator;

GRANT DELETE ON app.customers TO tenancy_customer, tenancy_manager, tenancy_admin;

GRANT INSERT (
    tenant_id,
    id,
    email,
    full_name,
    phone,
    locale,
    marketing_opt_in,
    loyalty_points,
    notes,
    metadata
) ON app.customers
TO tenancy_staff, tenancy_manager, tenancy_admin;

GRANT INSERT (
    tenant_id,
    id,
    email,
    full_name,
    phone,
    locale,
    marketing_opt_in,
    metadata
) ON app.customers
TO tenancy_customer;

GRANT SELECT (
    tenant_id,
    id,
    email,
    full_name,
    phone,
    locale,
    marketing_opt_in,
    loyalty_points,
    notes,
    metadata,
    created_at,
    updated_at
) ON app.customers
TO tenancy_customer, tenancy_staff, tenancy_manager, tenancy_admin;

GRANT UPDATE (
    id,
    email,
    full_name,
    phone,
    locale,
    marketing_opt_in,
    loyalty_points,
    notes,
    metadata
) ON app.customers
TO tenancy_staff, tenancy_manager, tenancy_admin;

GRANT UPDATE (
    id,
    email,
    full_name,
    phone,
    locale,
    marketing_opt_in,
    metadata
) ON app.customers
TO tenancy_customer;

-- include: policies/app/guests.sql
-- policies/app/guests.sql: who reaches a row, as tenancy.access_matrix says.
-- Written by `make policies`; the wall stands alone, the doors are one per rule.

DROP POLICY IF EXISTS owner_door ON app.guests;
DROP POLICY IF EXISTS subject_delete ON app.guests;
DROP POLICY IF EXISTS subject_insert ON app.guests;
DROP POLICY IF EXISTS subject_select ON app.guests;
DROP POLICY IF EXISTS subject_update ON app.guests;
DROP POLICY IF EXISTS tenant_delete ON app.guests;
DROP POLICY IF EXISTS tenant_insert ON app.guests;
DROP POLICY IF EXISTS tenant_select ON app.guests;
DROP POLICY IF EXISTS tenant_update ON app.guests;
DROP POLICY IF EXISTS tenant_wall ON app.guests;

ALTER TABLE app.guests ENABLE ROW LEVEL SECURITY;
ALTER TABLE app.guests FORCE ROW LEVEL SECURITY;

CREATE POLICY tenant_wall ON app.guests AS RESTRICTIVE FOR ALL TO public
USING (tenant_id = (SELECT tenancy.tenant_id()))
WITH CHECK (tenant_id = (SELECT tenancy.tenant_id()));

COMMENT ON POLICY tenant_wall ON app.guests IS
'Restrictive: no permissive policy added later can cross tenants.';

CREATE POLICY owner_door ON app.guests TO tenancy_owner USING (true);

COMMENT ON POLICY owner_door ON app.guests IS
'Definer functions of the owner work, and only inside the tenant.';

CREATE POLICY subject_delete ON app.guests FOR DELETE
TO tenancy_customer
USING (customer_id = (SELECT tenancy.actor_id()));

CREATE POLICY subject_insert ON app.guests FOR INSERT
TO tenancy_customer
WITH CHECK (customer_id = (SELECT tenancy.actor_id()));

CREATE POLICY subject_select ON app.guests FOR SELECT
TO tenancy_customer
USING (customer_id = (SELECT tenancy.actor_id()));

CREATE POLICY subject_update ON app.guests FOR UPDATE
TO tenancy_customer
USING (customer_id = (SELECT tenancy.actor_id()))
WITH CHECK (customer_id = (SELECT tenancy.actor_id()));

CREATE POLICY tenant_delete ON app.guests FOR DELETE
TO tenancy_manager, tenancy_admin
USING (true);

CREATE POLICY tenant_insert ON app.guests FOR INSERT
TO tenancy_staff, tenancy_manager, tenancy_admin
WITH CHECK (true);

CREATE POLICY tenant_select ON app.guests FOR SELECT
TO tenancy_staff, tenancy_manager, tenancy_admin
USING (true);

CREATE POLICY tenant_update ON app.guests FOR UPDATE
TO tenancy_staff, tenancy_manager, tenancy_admin
USING (true)
WITH CHECK (true);

REVOKE ALL ON app.guests
FROM public, tenancy_customer, tenancy_staff, tenancy_manager, tenancy_admin, tenancy_operator;

GRANT DELETE ON app.guests TO tenancy_customer, tenancy_manager, tenancy_admin;

GRANT INSERT (
    tenant_id,
    id,
    customer_id,
    full_name,
    email,
    nationality,
    document_number,
    preferences,
    metadata
) ON app.guests
TO tenancy_customer, tenancy_staff, tenancy_manager, tenancy_admin;

GRANT SELECT (
    tenant_id,
    id,
    customer_id,
    full_name,
    email,
    nationality,
    document_number,
    preferences,
    metadata,
    created_at,
    updated_at
) ON app.guests
TO tenancy_customer, tenancy_staff, tenancy_manager, tenancy_admin;

GRANT UPDATE (
    id,
    customer_id,
    full_name,
    email,
    nationality,
    document_number,
    preferences,
    metadata
) ON app.guests
TO tenancy_customer, tenancy_staff, tenancy_manager, tenancy_admin;

-- include: policies/app/orders.sql
-- policies/app/orders.sql: who reaches a row, as tenancy.access_matrix says.
-- Written by `make policies`; the wall stands alone, the doors are one per rule.

DROP POLICY IF EXISTS owner_door ON app.orders;
DROP POLICY IF EXISTS subject_delete ON app.orders;
DROP POLICY IF EXISTS subject_insert ON app.orders;
DROP POLICY IF EXISTS subject_select ON app.orders;
DROP POLICY IF EXISTS subject_update ON app.orders;
DROP POLICY IF EXISTS tenant_delete ON app.orders;
DROP POLICY IF EXISTS tenant_insert ON app.orders;
DROP POLICY IF EXISTS tenant_select ON app.orders;
DROP POLICY IF EXISTS tenant_update ON app.orders;
DROP POLICY IF EXISTS tenant_wall ON app.orders;

ALTER TABLE app.orders ENABLE ROW LEVEL SECURITY;
ALTER TABLE app.orders FORCE ROW LEVEL SECURITY;

CREATE POLICY tenant_wall ON app.orders AS RESTRICTIVE FOR ALL TO public
USING (tenant_id = (SELECT tenancy.tenant_id()))
WITH CHECK (tenant_id = (SELECT tenancy.tenant_id()));

COMMENT ON POLICY tenant_wall ON app.orders IS
'Restrictive: no permissive policy added later can cross tenants.';

CREATE POLICY owner_door ON app.orders TO tenancy_owner USING (true);

COMMENT ON POLICY owner_door ON app.orders IS
'Definer functions of the owner work, and only inside the tenant.';

CREATE POLICY subject_delete ON app.orders FOR DELETE
TO tenancy_customer
USING (customer_id = (SELECT tenancy.actor_id()));

CREATE POLICY subject_insert ON app.orders FOR INSERT
TO tenancy_customer
WITH CHECK (customer_id = (SELECT tenancy.actor_id()));

CREATE POLICY subject_select ON app.orders FOR SELECT
TO tenancy_customer
USING (customer_id = (SELECT tenancy.actor_id()));

CREATE POLICY subject_update ON app.orders FOR UPDATE
TO tenancy_customer
USING (customer_id = (SELECT tenancy.actor_id()))
WITH CHECK (customer_id = (SELECT tenancy.actor_id()));

CREATE POLICY tenant_delete ON app.orders FOR DELETE
TO tenancy_manager, tenancy_admin
USING (true);

CREATE POLICY tenant_insert ON app.orders FOR INSERT
TO tenancy_staff, tenancy_manager, tenancy_admin
WITH CHECK (true);

CREATE POLICY tenant_select ON app.orders FOR SELECT
TO tenancy_staff, tenancy_manager, tenancy_admin
USING (true);

CREATE POLICY tenant_update ON app.orders FOR UPDATE
TO tenancy_staff, tenancy_manager, tenancy_admin
USING (true)
WITH CHECK (true);

REVOKE ALL ON app.orders
FROM public, tenancy_customer, tenancy_staff, tenancy_manager, tenancy_admin, tenancy_operator;

GRANT DELETE ON app.orders TO tenancy_customer, tenancy_manager, tenancy_admin;

GRANT INSERT (
    tenant_id,
    id,
    customer_id,
    order_number,
    currency,
    subtotal,
    tax,
    total,
    items,
    notes,
    metadata
) ON app.orders
TO tenancy_customer;

GRANT INSERT (
    tenant_id,
    id,
    customer_id,
    order_number,
    status,
    currency,
    subtotal,
    tax,
    total,
    items,
    payment_intent_id,
    payment_status,
    notes,
    placed_at,
    metadata
) ON app.orders
TO tenancy_staff, tenancy_manager, tenancy_admin;

GRANT SELECT (
    tenant_id,
    id,
    customer_id,
    order_number,
    status,
    currency,
    subtotal,
    tax,
    total,
    items,
    payment_intent_id,
    payment_status,
    notes,
    placed_at,
    metadata,
    created_at,
    updated_at
) ON app.orders
TO tenancy_customer, tenancy_staff, tenancy_manager, tenancy_admin;

GRANT UPDATE (
    id,
    customer_id,
    order_number,
    currency,
    subtotal,
    tax,
    total,
    items,
    notes,
    metadata
) ON app.orders
TO tenancy_customer;

GRANT UPDATE (
    id,
    customer_id,
    order_number,
    status,
    currency,
    subtotal,
    tax,
    total,
    items,
    payment_intent_id,
    payment_status,
    notes,
    placed_at,
    metadata
) ON app.orders
TO tenancy_staff, tenancy_manager, tenancy_admin;

-- include: policies/app/patients.sql
-- policies/app/patients.sql: who reaches a row, as tenancy.access_matrix says.
-- Written by `make policies`; the wall stands alone, the doors are one per rule.

DROP POLICY IF EXISTS owner_door ON app.patients;
DROP POLICY IF EXISTS subject_delete ON app.patients;
DROP POLICY IF EXISTS subject_insert ON app.patients;
DROP POLICY IF EXISTS subject_select ON app.patients;
DROP POLICY IF EXISTS subject_update ON app.patients;
DROP POLICY IF EXISTS tenant_delete ON app.patients;
DROP POLICY IF EXISTS tenant_insert ON app.patients;
DROP POLICY IF EXISTS tenant_select ON app.patients;
DROP POLICY IF EXISTS tenant_update ON app.patients;
DROP POLICY IF EXISTS tenant_wall ON app.patients;

ALTER TABLE app.patients ENABLE ROW LEVEL SECURITY;
ALTER TABLE app.patients FORCE ROW LEVEL SECURITY;

CREATE POLICY tenant_wall ON app.patients AS RESTRICTIVE FOR ALL TO public
USING (tenant_id = (SELECT tenancy.tenant_id()))
WITH CHECK (tenant_id = (SELECT tenancy.tenant_id()));

COMMENT ON POLICY tenant_wall ON app.patients IS
'Restrictive: no permissive policy added later can cross tenants.';

CREATE POLICY owner_door ON app.patients TO tenancy_owner USING (true);

COMMENT ON POLICY owner_door ON app.patients IS
'Definer functions of the owner work, and only inside the tenant.';

CREATE POLICY subject_delete ON app.patients FOR DELETE
TO tenancy_customer
USING (customer_id = (SELECT tenancy.actor_id()));

CREATE POLICY subject_insert ON app.patients FOR INSERT
TO tenancy_customer
WITH CHECK (customer_id = (SELECT tenancy.actor_id()));

CREATE POLICY subject_select ON app.patients FOR SELECT
TO tenancy_customer
USING (customer_id = (SELECT tenancy.actor_id()));

CREATE POLICY subject_update ON app.patients FOR UPDATE
TO tenancy_customer
USING (customer_id = (SELECT tenancy.actor_id()))
WITH CHECK (customer_id = (SELECT tenancy.actor_id()));

CREATE POLICY tenant_delete ON app.patients FOR DELETE
TO tenancy_manager, tenancy_admin
USING (true);

CREATE POLICY tenant_insert ON app.patients FOR INSERT
TO tenancy_staff, tenancy_manager, tenancy_admin
WITH CHECK (true);

CREATE POLICY tenant_select ON app.patients FOR SELECT
TO tenancy_staff, tenancy_manager, tenancy_admin
USING (true);

CREATE POLICY tenant_update ON app.patients FOR UPDATE
TO tenancy_staff, tenancy_manager, tenancy_admin
USING (true)
WITH CHECK (true);

REVOKE ALL ON app.patients
FROM public, tenancy_customer, tenancy_staff, tenancy_manager, tenancy_admin, tenancy_operator;

GRANT DELETE ON app.patients TO tenancy_customer, tenancy_manager, tenancy_admin;

GRANT INSERT (
    tenant_id,
    id,
    customer_id,
    full_name,
    birth_date,
    ssn,
    medical_history,
    allergies,
    status,
    metadata
) ON app.patients
TO tenancy_customer, tenancy_staff, tenancy_manager, tenancy_admin;

GRANT SELECT (
    tenant_id,
    id,
    customer_id,
    full_name,
    birth_date,
    ssn,
    medical_history,
    allergies,
    status,
    metadata,
    created_at,
    updated_at
) ON app.patients
TO tenancy_customer, tenancy_staff, tenancy_manager, tenancy_admin;

GRANT UPDATE (
    id,
    customer_id,
    full_name,
    birth_date,
    ssn,
    medical_history,
    allergies,
    status,
    metadata
) ON app.patients
TO tenancy_customer, tenancy_staff, tenancy_manager, tenancy_admin;

-- include: policies/app/pin_comments.sql
-- policies/app/pin_comments.sql: who reaches a row, as tenancy.access_matrix says.
-- Written by `make policies`; the wall stands alone, the doors are one per rule.

DROP POLICY IF EXISTS owner_door ON app.pin_comments;
DROP POLICY IF EXISTS subject_delete ON app.pin_comments;
DROP POLICY IF EXISTS subject_insert ON app.pin_comments;
DROP POLICY IF EXISTS subject_select ON app.pin_comments;
DROP POLICY IF EXISTS subject_update ON app.pin_comments;
DROP POLICY IF EXISTS tenant_delete ON app.pin_comments;
DROP POLICY IF EXISTS tenant_insert ON app.pin_comments;
DROP POLICY IF EXISTS tenant_select ON app.pin_comments;
DROP POLICY IF EXISTS tenant_update ON app.pin_comments;
DROP POLICY IF EXISTS tenant_wall ON app.pin_comments;

ALTER TABLE app.pin_comments ENABLE ROW LEVEL SECURITY;
ALTER TABLE app.pin_comments FORCE ROW LEVEL SECURITY;

CREATE POLICY tenant_wall ON app.pin_comments AS RESTRICTIVE FOR ALL TO public
USING (tenant_id = (SELECT tenancy.tenant_id()))
WITH CHECK (tenant_id = (SELECT tenancy.tenant_id()));

COMMENT ON POLICY tenant_wall ON app.pin_comments IS
'Restrictive: no permissive policy added later can cross tenants.';

CREATE POLICY owner_door ON app.pin_comments TO tenancy_owner USING (true);

COMMENT ON POLICY owner_door ON app.pin_comments IS
'Definer functions of the owner work, and only inside the tenant.';

CREATE POLICY subject_delete ON app.pin_comments FOR DELETE
TO tenancy_customer
USING (author_id = (SELECT tenancy.actor_id()));

CREATE POLICY subject_insert ON app.pin_comments FOR INSERT
TO tenancy_customer
WITH CHECK (author_id = (SELECT tenancy.actor_id()));

CREATE POLICY subject_update ON app.pin_comments FOR UPDATE
TO tenancy_customer
USING (author_id = (SELECT tenancy.actor_id()))
WITH CHECK (author_id = (SELECT tenancy.actor_id()));

CREATE POLICY tenant_delete ON app.pin_comments FOR DELETE
TO tenancy_manager, tenancy_admin
USING (true);

CREATE POLICY tenant_insert ON app.pin_comments FOR INSERT
TO tenancy_staff, tenancy_manager, tenancy_admin
WITH CHECK (true);

CREATE POLICY tenant_select ON app.pin_comments FOR SELECT
TO tenancy_customer, tenancy_staff, tenancy_manager, tenancy_admin
USING (true);

CREATE POLICY tenant_update ON app.pin_comments FOR UPDATE
TO tenancy_staff, tenancy_manager, tenancy_admin
USING (true)
WITH CHECK (true);

REVOKE ALL ON app.pin_comments
FROM public, tenancy_customer, tenancy_staff, tenancy_manager, tenancy_admin, tenancy_operator;

GRANT DELETE ON app.pin_comments TO tenancy_customer, tenancy_manager, tenancy_admin;

GRANT INSERT (
    tenant_id,
    id,
    pin_id,
    author_id,
    body,
    metadata
) ON app.pin_comments
TO tenancy_customer, tenancy_staff, tenancy_manager, tenancy_admin;

GRANT SELECT (
    tenant_id,
    id,
    pin_id,
    author_id,
    body,
    metadata,
    created_at,
    updated_at
) ON app.pin_comments
TO tenancy_customer, tenancy_staff, tenancy_manager, tenancy_admin;

GRANT UPDATE (
    id,
    pin_id,
    author_id,
    body,
    metadata
) ON app.pin_comments
TO tenancy_customer, tenancy_staff, tenancy_manager, tenancy_admin;

-- include: policies/app/pins.sql
-- policies/app/pins.sql: who reaches a row, as tenancy.access_matrix says.
-- Written by `make policies`; the wall stands alone, the doors are one per rule.

DROP POLICY IF EXISTS owner_door ON app.pins;
DROP POLICY IF EXISTS subject_delete ON app.pins;
DROP POLICY IF EXISTS subject_insert ON app.pins;
DROP POLICY IF EXISTS subject_select ON app.pins;
DROP POLICY IF EXISTS subject_update ON app.pins;
DROP POLICY IF EXISTS tenant_delete ON app.pins;
DROP POLICY IF EXISTS tenant_insert ON app.pins;
DROP POLICY IF EXISTS tenant_select ON app.pins;
DROP POLICY IF EXISTS tenant_update ON app.pins;
DROP POLICY IF EXISTS tenant_wall ON app.pins;

ALTER TABLE app.pins ENABLE ROW LEVEL SECURITY;
ALTER TABLE app.pins FORCE ROW LEVEL SECURITY;

CREATE POLICY tenant_wall ON app.pins AS RESTRICTIVE FOR ALL TO public
USING (tenant_id = (SELECT tenancy.tenant_id()))
WITH CHECK (tenant_id = (SELECT tenancy.tenant_id()));

COMMENT ON POLICY tenant_wall ON app.pins IS
'Restrictive: no permissive policy added later can cross tenants.';

CREATE POLICY owner_door ON app.pins TO tenancy_owner USING (true);

COMMENT ON POLICY owner_door ON app.pins IS
'Definer functions of the owner work, and only inside the tenant.';

CREATE POLICY subject_delete ON app.pins FOR DELETE
TO tenancy_customer
USING (customer_id = (SELECT tenancy.actor_id()));

CREATE POLICY subject_insert ON app.pins FOR INSERT
TO tenancy_customer
WITH CHECK (customer_id = (SELECT tenancy.actor_id()));

CREATE POLICY subject_update ON app.pins FOR UPDATE
TO tenancy_customer
USING (customer_id = (SELECT tenancy.actor_id()))
WITH CHECK (customer_id = (SELECT tenancy.actor_id()));

CREATE POLICY tenant_delete ON app.pins FOR DELETE
TO tenancy_manager, tenancy_admin
USING (true);

CREATE POLICY tenant_insert ON app.pins FOR INSERT
TO tenancy_staff, tenancy_manager, tenancy_admin
WITH CHECK (true);

CREATE POLICY tenant_select ON app.pins FOR SELECT
TO tenancy_customer, tenancy_staff, tenancy_manager, tenancy_admin
USING (true);

CREATE POLICY tenant_update ON app.pins FOR UPDATE
TO tenancy_staff, tenancy_manager, tenancy_admin
USING (true)
WITH CHECK (true);

REVOKE ALL ON app.pins
FROM public, tenancy_customer, tenancy_staff, tenancy_manager, tenancy_admin, tenancy_operator;

GRANT DELETE ON app.pins TO tenancy_customer, tenancy_manager, tenancy_admin;

GRANT INSERT (
    tenant_id,
    id,
    customer_id,
    title,
    body,
    latitude,
    longitude,
    status,
    metadata
) ON app.pins
TO tenancy_customer, tenancy_staff, tenancy_manager, tenancy_admin;

GRANT SELECT (
    tenant_id,
    id,
    customer_id,
    title,
    body,
    latitude,
    longitude,
    status,
    comment_count,
    metadata,
    created_at,
    updated_at
) ON app.pins
TO tenancy_customer, tenancy_staff, tenancy_manager, tenancy_admin;

GRANT UPDATE (
    id,
    customer_id,
    title,
    body,
    latitude,
    longitude,
    status,
    metadata
) ON app.pins
TO tenancy_customer, tenancy_staff, tenancy_manager, tenancy_admin;

-- include: policies/app/reservations.sql
-- policies/app/reservations.sql: who reaches a row, as tenancy.access_matrix says.
-- Written by `make policies`; the wall stands alone, the doors are one per rule.

DROP POLICY IF EXISTS owner_door ON app.reservations;
DROP POLICY IF EXISTS subject_delete ON app.reservations;
DROP POLICY IF EXISTS subject_insert ON app.reservations;
DROP POLICY IF EXISTS subject_select ON app.reservations;
DROP POLICY IF EXISTS subject_update ON app.reservations;
DROP POLICY IF EXISTS tenant_delete ON app.reservations;
DROP POLICY IF EXISTS tenant_insert ON app.reservations;
DROP POLICY IF EXISTS tenant_select ON app.reservations;
DROP POLICY IF EXISTS tenant_update ON app.reservations;
DROP POLICY IF EXISTS tenant_wall ON app.reservations;

ALTER TABLE app.reservations ENABLE ROW LEVEL SECURITY;
ALTER TABLE app.reservations FORCE ROW LEVEL SECURITY;

CREATE POLICY tenant_wall ON app.reservations AS RESTRICTIVE FOR ALL TO public
USING (tenant_id = (SELECT tenancy.tenant_id()))
WITH CHECK (tenant_id = (SELECT tenancy.tenant_id()));

COMMENT ON POLICY tenant_wall ON app.reservations IS
'Restrictive: no permissive policy added later can cross tenants.';

CREATE POLICY owner_door ON app.reservations TO tenancy_owner USING (true);

COMMENT ON POLICY owner_door ON app.reservations IS
'Definer functions of the owner work, and only inside the tenant.';

CREATE POLICY subject_delete ON app.reservations FOR DELETE
TO tenancy_customer
USING (customer_id = (SELECT tenancy.actor_id()));

CREATE POLICY subject_insert ON app.reservations FOR INSERT
TO tenancy_customer
WITH CHECK (customer_id = (SELECT tenancy.actor_id()));

CREATE POLICY subject_select ON app.reservations FOR SELECT
TO tenancy_customer
USING (customer_id = (SELECT tenancy.actor_id()));

CREATE POLICY subject_update ON app.reservations FOR UPDATE
TO tenancy_customer
USING (customer_id = (SELECT tenancy.actor_id()))
WITH CHECK (customer_id = (SELECT tenancy.actor_id()));

CREATE POLICY tenant_delete ON app.reservations FOR DELETE
TO tenancy_manager, tenancy_admin
USING (true);

CREATE POLICY tenant_insert ON app.reservations FOR INSERT
TO tenancy_staff, tenancy_manager, tenancy_admin
WITH CHECK (true);

CREATE POLICY tenant_select ON app.reservations FOR SELECT
TO tenancy_staff, tenancy_manager, tenancy_admin
USING (true);

CREATE POLICY tenant_update ON app.reservations FOR UPDATE
TO tenancy_staff, tenancy_manager, tenancy_admin
USING (true)
WITH CHECK (true);

REVOKE ALL ON app.reservations
FROM public, tenancy_customer, tenancy_staff, tenancy_manager, tenancy_admin, tenancy_operator;

GRANT DELETE ON app.reservations TO tenancy_customer, tenancy_manager, tenancy_admin;

GRANT INSERT (
    tenant_id,
    id,
    guest_id,
    customer_id,
    room,
    status,
    arrival,
    departure,
    adults,
    currency,
    total,
    metadata
) ON app.reservations
TO tenancy_customer, tenancy_staff, tenancy_manager, tenancy_admin;

GRANT SELECT (
    tenant_id,
    id,
    guest_id,
    customer_id,
    room,
    status,
    arrival,
    departure,
    adults,
    currency,
    total,
    metadata,
    created_at,
    updated_at
) ON app.reservations
TO tenancy_customer, tenancy_staff, tenancy_manager, tenancy_admin;

GRANT UPDATE (
    id,
    guest_id,
    customer_id,
    room,
    status,
    arrival,
    departure,
    adults,
    currency,
    total,
    metadata
) ON app.reservations
TO tenancy_customer, tenancy_staff, tenancy_manager, tenancy_admin;

-- include: policies/app/settings.sql
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

-- include: policies/app/storage_buckets.sql
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

-- include: policies/app/storage_objects.sql
-- policies/app/storage_objects.sql: who reaches a row, as tenancy.access_matrix says.
-- Written by `make policies`; the wall stands alone, the doors are one per rule.

DROP POLICY IF EXISTS owner_door ON app.storage_objects;
DROP POLICY IF EXISTS subject_delete ON app.storage_objects;
DROP POLICY IF EXISTS subject_insert ON app.storage_objects;
DROP POLICY IF EXISTS subject_select ON app.storage_objects;
DROP POLICY IF EXISTS subject_update ON app.storage_objects;
DROP POLICY IF EXISTS tenant_delete ON app.storage_objects;
DROP POLICY IF EXISTS tenant_insert ON app.storage_objects;
DROP POLICY IF EXISTS tenant_select ON app.storage_objects;
DROP POLICY IF EXISTS tenant_update ON app.storage_objects;
DROP POLICY IF EXISTS tenant_wall ON app.storage_objects;

ALTER TABLE app.storage_objects ENABLE ROW LEVEL SECURITY;
ALTER TABLE app.storage_objects FORCE ROW LEVEL SECURITY;

CREATE POLICY tenant_wall ON app.storage_objects AS RESTRICTIVE FOR ALL TO public
USING (tenant_id = (SELECT tenancy.tenant_id()))
WITH CHECK (tenant_id = (SELECT tenancy.tenant_id()));

COMMENT ON POLICY tenant_wall ON app.storage_objects IS
'Restrictive: no permissive policy added later can cross tenants.';

CREATE POLICY owner_door ON app.storage_objects TO tenancy_owner USING (true);

COMMENT ON POLICY owner_door ON app.storage_objects IS
'Definer functions of the owner work, and only inside the tenant.';

CREATE POLICY subject_delete ON app.storage_objects FOR DELETE
TO tenancy_customer
USING (customer_id = (SELECT tenancy.actor_id()));

CREATE POLICY subject_insert ON app.storage_objects FOR INSERT
TO tenancy_customer
WITH CHECK (customer_id = (SELECT tenancy.actor_id()));

CREATE POLICY subject_select ON app.storage_objects FOR SELECT
TO tenancy_customer
USING (customer_id = (SELECT tenancy.actor_id()));

CREATE POLICY subject_update ON app.storage_objects FOR UPDATE
TO tenancy_customer
USING (customer_id = (SELECT tenancy.actor_id()))
WITH CHECK (customer_id = (SELECT tenancy.actor_id()));

CREATE POLICY tenant_delete ON app.storage_objects FOR DELETE
TO tenancy_manager, tenancy_admin
USING (true);

CREATE POLICY tenant_insert ON app.storage_objects FOR INSERT
TO tenancy_staff, tenancy_manager, tenancy_admin
WITH CHECK (true);

CREATE POLICY tenant_select ON app.storage_objects FOR SELECT
TO tenancy_staff, tenancy_manager, tenancy_admin
USING (true);

CREATE POLICY tenant_update ON app.storage_objects FOR UPDATE
TO tenancy_staff, tenancy_manager, tenancy_admin
USING (true)
WITH CHECK (true);

REVOKE ALL ON app.storage_objects
FROM public, tenancy_customer, tenancy_staff, tenancy_manager, tenancy_admin, tenancy_operator;

GRANT DELETE ON app.storage_objects TO tenancy_customer, tenancy_manager, tenancy_admin;

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
) ON app.storage_objects
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
) ON app.storage_objects
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
) ON app.storage_objects
TO tenancy_customer, tenancy_staff, tenancy_manager, tenancy_admin;

-- include: policies/app/survey_responses.sql
-- policies/app/survey_responses.sql: who reaches a row, as tenancy.access_matrix says.
-- Written by `make policies`; the wall stands alone, the doors are one per rule.

DROP POLICY IF EXISTS owner_door ON app.survey_responses;
DROP POLICY IF EXISTS subject_delete ON app.survey_responses;
DROP POLICY IF EXISTS subject_insert ON app.survey_responses;
DROP POLICY IF EXISTS subject_select ON app.survey_responses;
DROP POLICY IF EXISTS subject_update ON app.survey_responses;
DROP POLICY IF EXISTS tenant_delete ON app.survey_responses;
DROP POLICY IF EXISTS tenant_insert ON app.survey_responses;
DROP POLICY IF EXISTS tenant_select ON app.survey_responses;
DROP POLICY IF EXISTS tenant_update ON app.survey_responses;
DROP POLICY IF EXISTS tenant_wall ON app.survey_responses;

ALTER TABLE app.survey_responses ENABLE ROW LEVEL SECURITY;
ALTER TABLE app.survey_responses FORCE ROW LEVEL SECURITY;

CREATE POLICY tenant_wall ON app.survey_responses AS RESTRICTIVE FOR ALL TO public
USING (tenant_id = (SELECT tenancy.tenant_id()))
WITH CHECK (tenant_id = (SELECT tenancy.tenant_id()));

COMMENT ON POLICY tenant_wall ON app.survey_responses IS
'Restrictive: no permissive policy added later can cross tenants.';

CREATE POLICY owner_door ON app.survey_responses TO tenancy_owner USING (true);

COMMENT ON POLICY owner_door ON app.survey_responses IS
'Definer functions of the owner work, and only inside the tenant.';

CREATE POLICY subject_delete ON app.survey_responses FOR DELETE
TO tenancy_customer
USING (customer_id = (SELECT tenancy.actor_id()));

CREATE POLICY subject_insert ON app.survey_responses FOR INSERT
TO tenancy_customer
WITH CHECK (customer_id = (SELECT tenancy.actor_id()));

CREATE POLICY subject_select ON app.survey_responses FOR SELECT
TO tenancy_customer
USING (customer_id = (SELECT tenancy.actor_id()));

CREATE POLICY subject_update ON app.survey_responses FOR UPDATE
TO tenancy_customer
USING (customer_id = (SELECT tenancy.actor_id()))
WITH CHECK (customer_id = (SELECT tenancy.actor_id()));

CREATE POLICY tenant_delete ON app.survey_responses FOR DELETE
TO tenancy_manager, tenancy_admin
USING (true);

CREATE POLICY tenant_insert ON app.survey_responses FOR INSERT
TO tenancy_staff, tenancy_manager, tenancy_admin
WITH CHECK (true);

CREATE POLICY tenant_select ON app.survey_responses FOR SELECT
TO tenancy_staff, tenancy_manager, tenancy_admin
USING (true);

CREATE POLICY tenant_update ON app.survey_responses FOR UPDATE
TO tenancy_staff, tenancy_manager, tenancy_admin
USING (true)
WITH CHECK (true);

REVOKE ALL ON app.survey_responses
FROM public, tenancy_customer, tenancy_staff, tenancy_manager, tenancy_admin, tenancy_operator;

GRANT DELETE ON app.survey_responses TO tenancy_customer, tenancy_manager, tenancy_admin;

GRANT INSERT (
    tenant_id,
    id,
    customer_id,
    survey,
    score,
    answers,
    comment,
    submitted_at,
    metadata
) ON app.survey_responses
TO tenancy_customer, tenancy_staff, tenancy_manager, tenancy_admin;

GRANT SELECT (
    tenant_id,
    id,
    customer_id,
    survey,
    score,
    answers,
    comment,
    submitted_at,
    metadata,
    created_at,
    updated_at
) ON app.survey_responses
TO tenancy_customer, tenancy_staff, tenancy_manager, tenancy_admin;

GRANT UPDATE (
    id,
    customer_id,
    survey,
    score,
    answers,
    comment,
    submitted_at,
    metadata
) ON app.survey_responses
TO tenancy_customer, tenancy_staff, tenancy_manager, tenancy_admin;

-- include: seeds/reference/1-regions.sql
-- Regions, and the one this cluster serves until tenancy.node says otherwise.

INSERT INTO tenancy.region (code, name)
VALUES ('us', 'United States'), ('eu', 'European Union'), ('apac', 'Asia and Pacific')
ON CONFLICT (code) DO UPDATE SET name = excluded.name;

INSERT INTO tenancy_private.node (region, platform_domain)
VALUES ('us', 'chi-pins.com')
ON CONFLICT (one) DO NOTHING;

-- include: seeds/reference/2-tenant-statuses.sql
-- The stages of a tenant's life. Suspension stops keys, sessions and tickets together.

INSERT INTO tenancy.tenant_status (status, may_enter, may_write)
VALUES
('provisioning', false, false),
('active', true, true),
('read_only', true, false),
('suspended', false, false),
('moving', true, false),
('offboarding', true, false),
('purged', false, false)
ON CONFLICT (status) DO UPDATE
SET may_enter = excluded.may_enter, may_write = excluded.may_write;

-- include: seeds/reference/3-tenant-roles.sql
-- Roles inside a tenant, and the database role of each.

INSERT INTO tenancy.tenant_role (role, code, database_role, rank)
VALUES
('customer', 'c', 'tenancy_customer', 1),
('staff', 's', 'tenancy_staff', 2),
('manager', 'm', 'tenancy_manager', 3),
('admin', 'a', 'tenancy_admin', 4),
('operator', 'o', 'tenancy_operator', 5)
ON CONFLICT (role) DO UPDATE
SET code = excluded.code, database_role = excluded.database_role, rank = excluded.rank;

-- include: seeds/reference/4-protected-tables.sql
-- The EngageOS tables behind the wall; subject_column names the person a row is about.

INSERT INTO tenancy.protected_table (schema_name, table_name, subject_column, server_columns)
VALUES
('app', 'customers', 'id', '{created_at,updated_at}'),
('app', 'orders', 'customer_id', '{created_at,updated_at}'),
('app', 'pins', 'customer_id', '{comment_count,created_at,updated_at}'),
('app', 'pin_comments', 'author_id', '{created_at,updated_at}'),
('app', 'analytics', 'customer_id', '{created_at,updated_at}'),
('app', 'survey_responses', 'customer_id', '{created_at,updated_at}'),
('app', 'patients', 'customer_id', '{created_at,updated_at}'),
('app', 'bookings', 'customer_id', '{created_at,updated_at}'),
('app', 'guests', 'customer_id', '{created_at,updated_at}'),
('app', 'reservations', 'customer_id', '{created_at,updated_at}'),
('app', 'settings', NULL, '{created_at,updated_at}'),
('app', 'storage_buckets', NULL, '{created_at,updated_at}'),
('app', 'storage_objects', 'customer_id', '{created_at,updated_at}')
ON CONFLICT (schema_name, table_name) DO UPDATE
SET subject_column = excluded.subject_column, server_columns = excluded.server_columns;

-- include: seeds/reference/5-access-matrix.sql
-- The access grid of the product. * is what tenancy.protect_table() gives a new table.
-- After a change: tenancy.protect_table() on each table, or `make policies` and a migration.

INSERT INTO tenancy.access_matrix (resource, role, command, row_scope)
SELECT r.resource, g.role, c.command, g.row_scope
FROM (VALUES
    ('customer', 'subject', ARRAY['select', 'insert', 'update', 'delete']),
    ('staff', 'tenant', ARRAY['select', 'insert', 'update']),
    ('manager', 'tenant', ARRAY['select', 'insert', 'update', 'delete']),
    ('admin', 'tenant', ARRAY['select', 'insert', 'update', 'delete'])
) AS g (role, row_scope, commands)
CROSS JOIN LATERAL unnest(g.commands) AS c (command)
CROSS JOIN (
    SELECT '*' AS resource, true AS has_subject
    UNION ALL
    SELECT
        p.schema_name || '.' || p.table_name AS resource,
        p.subject_column IS NOT NULL AS has_subject
    FROM tenancy.protected_table AS p
    WHERE p.schema_name = 'app'
) AS r
WHERE g.row_scope = 'tenant' OR r.has_subject
ON CONFLICT (resource, role, command) DO NOTHING;

-- Pins, comments and branding are what a tenant shows to all its customers.
INSERT INTO tenancy.access_matrix (resource, role, command, row_scope, columns)
VALUES
('app.pins', 'customer', 'select', 'tenant', NULL),
('app.pin_comments', 'customer', 'select', 'tenant', NULL),
('app.settings', 'customer', 'select', 'tenant', '{tenant_id,id,branding}')
ON CONFLICT (resource, role, command) DO UPDATE
SET row_scope = excluded.row_scope, columns = excluded.columns;

-- Settings are configuration: staff read them, managers change the own row.
DELETE FROM tenancy.access_matrix
WHERE resource = 'app.settings' AND (role, command) IN (('staff', 'insert'), ('staff', 'update'));

-- A customer orders and writes notes; what was paid is said by the payment provider, and points
-- are given by the tenant.
UPDATE tenancy.access_matrix
SET columns
    = '{tenant_id,id,customer_id,order_number,currency,subtotal,tax,total,items,notes,metadata}'
WHERE resource = 'app.orders' AND role = 'customer' AND command IN ('insert', 'update');
UPDATE tenancy.access_matrix
SET columns = '{tenant_id,id,email,full_name,phone,locale,marketing_opt_in,metadata}'
WHERE resource = 'app.customers' AND role = 'customer' AND command IN ('insert', 'update');

-- include: seeds/reference/6-context-key.sql
-- The first signing key, made here: it is in no file and no log.

DO $context_key$
BEGIN
    IF NOT EXISTS (SELECT FROM tenancy_private.context_key) THEN
        PERFORM tenancy.rotate_context_key();
    END IF;
END;
$context_key$;

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
