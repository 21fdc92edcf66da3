-- The EngageOS tables. Keys, unique constraints and foreign keys all start with tenant_id: otherwise
-- they tell one tenant what exists in another, or point into it.
-- depends: 0003.add-context

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

CREATE TABLE app.customers (
    tenant_id uuid NOT NULL DEFAULT tenancy.tenant_id(),
    id uuid NOT NULL DEFAULT tenancy.uuidv7(),
    email text,
    full_name text NOT NULL,
    phone text,
    locale text NOT NULL DEFAULT 'en-US',
    marketing_opt_in boolean NOT NULL DEFAULT false,
    loyalty_points integer NOT NULL DEFAULT 0 CHECK (loyalty_points >= 0),
    notes text,
    metadata jsonb NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, id),
    CONSTRAINT customers_tenant_fkey FOREIGN KEY (tenant_id)
    REFERENCES tenancy_private.tenant (id)
);
ALTER TABLE app.customers OWNER TO tenancy_owner;
CREATE UNIQUE INDEX customers_email_idx ON app.customers (tenant_id, lower(email));
COMMENT ON TABLE app.customers IS 'People who buy, book or stay; one row per person and tenant.';
COMMENT ON COLUMN app.customers.tenant_id IS 'Tenant: proven by the context.';
COMMENT ON COLUMN app.customers.id IS 'Time-ordered id, unique inside the tenant.';
COMMENT ON COLUMN app.customers.email IS 'E-mail address, as given; unique inside the tenant in lower case.';
COMMENT ON COLUMN app.customers.full_name IS 'Name as the person writes it.';
COMMENT ON COLUMN app.customers.phone IS 'Telephone number, as given.';
COMMENT ON COLUMN app.customers.locale IS 'Language tag (BCP 47).';
COMMENT ON COLUMN app.customers.marketing_opt_in IS 'Agreed to advertising.';
COMMENT ON COLUMN app.customers.loyalty_points IS 'Balance of the loyalty programme.';
COMMENT ON COLUMN app.customers.notes IS 'What staff wrote down.';
COMMENT ON COLUMN app.customers.metadata IS 'Free fields of the tenant''s own systems.';
COMMENT ON COLUMN app.customers.created_at IS 'When the row was made.';
COMMENT ON COLUMN app.customers.updated_at IS 'When it last changed; kept by a trigger.';

CREATE TABLE app.orders (
    tenant_id uuid NOT NULL DEFAULT tenancy.tenant_id(),
    id uuid NOT NULL DEFAULT tenancy.uuidv7(),
    customer_id uuid,
    order_number text NOT NULL,
    status text NOT NULL DEFAULT 'open'
    CHECK (status IN ('open', 'accepted', 'ready', 'completed', 'cancelled')),
    currency text NOT NULL DEFAULT 'USD' CHECK (currency ~ '^[A-Z]{3}$'),
    subtotal numeric(12,2) NOT NULL DEFAULT 0 CHECK (subtotal >= 0),
    tax numeric(12,2) NOT NULL DEFAULT 0 CHECK (tax >= 0),
    total numeric(12,2) NOT NULL DEFAULT 0 CHECK (total >= 0),
    items jsonb NOT NULL DEFAULT '[]' CHECK (jsonb_typeof(items) = 'array'),
    payment_intent_id text,
    payment_status text NOT NULL DEFAULT 'unpaid'
    CHECK (payment_status IN ('unpaid', 'processing', 'paid', 'refunded')),
    notes text,
    placed_at timestamptz NOT NULL DEFAULT now(),
    metadata jsonb NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, id),
    CONSTRAINT orders_tenant_fkey FOREIGN KEY (tenant_id)
    REFERENCES tenancy_private.tenant (id),
    CONSTRAINT orders_customer_fkey FOREIGN KEY (tenant_id, customer_id)
    REFERENCES app.customers (tenant_id, id)
);
ALTER TABLE app.orders OWNER TO tenancy_owner;
CREATE INDEX orders_customer_id_idx ON app.orders (tenant_id, customer_id);
ALTER TABLE app.orders ADD CONSTRAINT orders_number_key UNIQUE (tenant_id, order_number);
CREATE INDEX orders_placed_at_idx ON app.orders (tenant_id, placed_at DESC);
COMMENT ON TABLE app.orders IS 'Orders: meals, treatments, extras.';
COMMENT ON COLUMN app.orders.tenant_id IS 'Tenant: proven by the context.';
COMMENT ON COLUMN app.orders.id IS 'Time-ordered id, unique inside the tenant.';
COMMENT ON COLUMN app.orders.customer_id IS 'Who ordered; NULL for a walk-in.';
COMMENT ON COLUMN app.orders.order_number IS 'Number on the receipt, unique inside the tenant.';
COMMENT ON COLUMN app.orders.status IS 'Where the order stands.';
COMMENT ON COLUMN app.orders.currency IS 'Currency (ISO 4217).';
COMMENT ON COLUMN app.orders.subtotal IS 'Sum of the items, in currency.';
COMMENT ON COLUMN app.orders.tax IS 'Taxes, in currency.';
COMMENT ON COLUMN app.orders.total IS 'What is to be paid, in currency.';
COMMENT ON COLUMN app.orders.items IS 'Lines of the order.';
COMMENT ON COLUMN app.orders.payment_intent_id IS 'Token of the payment provider; never a card number.';
COMMENT ON COLUMN app.orders.payment_status IS 'What the provider says.';
COMMENT ON COLUMN app.orders.notes IS 'Wishes of the customer.';
COMMENT ON COLUMN app.orders.placed_at IS 'When it was ordered.';
COMMENT ON COLUMN app.orders.metadata IS 'Free fields of the tenant''s own systems.';
COMMENT ON COLUMN app.orders.created_at IS 'When the row was made.';
COMMENT ON COLUMN app.orders.updated_at IS 'When it last changed; kept by a trigger.';

CREATE TABLE app.pins (
    tenant_id uuid NOT NULL DEFAULT tenancy.tenant_id(),
    id uuid NOT NULL DEFAULT tenancy.uuidv7(),
    customer_id uuid,
    title text NOT NULL CHECK (length(title) BETWEEN 1 AND 200),
    body text,
    latitude numeric(9,6) NOT NULL DEFAULT 0 CHECK (latitude BETWEEN -90 AND 90),
    longitude numeric(9,6) NOT NULL DEFAULT 0 CHECK (longitude BETWEEN -180 AND 180),
    status text NOT NULL DEFAULT 'published'
    CHECK (status IN ('draft', 'published', 'hidden')),
    comment_count integer NOT NULL DEFAULT 0,
    metadata jsonb NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, id),
    CONSTRAINT pins_tenant_fkey FOREIGN KEY (tenant_id)
    REFERENCES tenancy_private.tenant (id),
    CONSTRAINT pins_customer_fkey FOREIGN KEY (tenant_id, customer_id)
    REFERENCES app.customers (tenant_id, id)
);
ALTER TABLE app.pins OWNER TO tenancy_owner;
CREATE INDEX pins_customer_id_idx ON app.pins (tenant_id, customer_id);
CREATE INDEX pins_created_at_idx ON app.pins (tenant_id, created_at DESC);
COMMENT ON TABLE app.pins IS 'Pins on the tenant''s map: places and memories that guests leave.';
COMMENT ON COLUMN app.pins.tenant_id IS 'Tenant: proven by the context.';
COMMENT ON COLUMN app.pins.id IS 'Time-ordered id, unique inside the tenant.';
COMMENT ON COLUMN app.pins.customer_id IS 'Who left it; NULL for the tenant itself.';
COMMENT ON COLUMN app.pins.title IS 'Headline.';
COMMENT ON COLUMN app.pins.body IS 'Text.';
COMMENT ON COLUMN app.pins.latitude IS 'Degrees north.';
COMMENT ON COLUMN app.pins.longitude IS 'Degrees east.';
COMMENT ON COLUMN app.pins.status IS 'Who may see it on the map.';
COMMENT ON COLUMN app.pins.comment_count IS 'Number of comments; kept by a trigger.';
COMMENT ON COLUMN app.pins.metadata IS 'Free fields of the tenant''s own systems.';
COMMENT ON COLUMN app.pins.created_at IS 'When the row was made.';
COMMENT ON COLUMN app.pins.updated_at IS 'When it last changed; kept by a trigger.';

CREATE TABLE app.pin_comments (
    tenant_id uuid NOT NULL DEFAULT tenancy.tenant_id(),
    id uuid NOT NULL DEFAULT tenancy.uuidv7(),
    pin_id uuid NOT NULL,
    author_id uuid,
    body text NOT NULL CHECK (length(body) >= 1),
    metadata jsonb NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, id),
    CONSTRAINT pin_comments_tenant_fkey FOREIGN KEY (tenant_id)
    REFERENCES tenancy_private.tenant (id),
    CONSTRAINT pin_comments_pin_fkey FOREIGN KEY (tenant_id, pin_id)
    REFERENCES app.pins (tenant_id, id) ON DELETE CASCADE,
    CONSTRAINT pin_comments_author_fkey FOREIGN KEY (tenant_id, author_id)
    REFERENCES app.customers (tenant_id, id)
);
ALTER TABLE app.pin_comments OWNER TO tenancy_owner;
CREATE INDEX pin_comments_pin_id_idx ON app.pin_comments (tenant_id, pin_id);
CREATE INDEX pin_comments_author_id_idx ON app.pin_comments (tenant_id, author_id);
COMMENT ON TABLE app.pin_comments IS 'Comments under a pin.';
COMMENT ON COLUMN app.pin_comments.tenant_id IS 'Tenant: proven by the context.';
COMMENT ON COLUMN app.pin_comments.id IS 'Time-ordered id, unique inside the tenant.';
COMMENT ON COLUMN app.pin_comments.pin_id IS 'The pin.';
COMMENT ON COLUMN app.pin_comments.author_id IS 'Customer who wrote it; NULL for staff.';
COMMENT ON COLUMN app.pin_comments.body IS 'Text.';
COMMENT ON COLUMN app.pin_comments.metadata IS 'Free fields of the tenant''s own systems.';
COMMENT ON COLUMN app.pin_comments.created_at IS 'When the row was made.';
COMMENT ON COLUMN app.pin_comments.updated_at IS 'When it last changed; kept by a trigger.';

CREATE TABLE app.analytics (
    tenant_id uuid NOT NULL DEFAULT tenancy.tenant_id(),
    id uuid NOT NULL DEFAULT tenancy.uuidv7(),
    customer_id uuid,
    event text NOT NULL CHECK (length(event) BETWEEN 1 AND 100),
    session_id text,
    payload jsonb NOT NULL DEFAULT '{}',
    occurred_at timestamptz NOT NULL DEFAULT now(),
    metadata jsonb NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, id),
    CONSTRAINT analytics_tenant_fkey FOREIGN KEY (tenant_id)
    REFERENCES tenancy_private.tenant (id),
    CONSTRAINT analytics_customer_fkey FOREIGN KEY (tenant_id, customer_id)
    REFERENCES app.customers (tenant_id, id)
);
ALTER TABLE app.analytics OWNER TO tenancy_owner;
CREATE INDEX analytics_customer_id_idx ON app.analytics (tenant_id, customer_id);
CREATE INDEX analytics_occurred_at_idx ON app.analytics (tenant_id, occurred_at DESC);
COMMENT ON TABLE app.analytics IS 'Events of kiosks and web pages.';
COMMENT ON COLUMN app.analytics.tenant_id IS 'Tenant: proven by the context.';
COMMENT ON COLUMN app.analytics.id IS 'Time-ordered id, unique inside the tenant.';
COMMENT ON COLUMN app.analytics.customer_id IS 'Person, if known.';
COMMENT ON COLUMN app.analytics.event IS 'Name of the event.';
COMMENT ON COLUMN app.analytics.session_id IS 'Visit the event belongs to.';
COMMENT ON COLUMN app.analytics.payload IS 'Details of the event.';
COMMENT ON COLUMN app.analytics.occurred_at IS 'When it happened.';
COMMENT ON COLUMN app.analytics.metadata IS 'Free fields of the tenant''s own systems.';
COMMENT ON COLUMN app.analytics.created_at IS 'When the row was made.';
COMMENT ON COLUMN app.analytics.updated_at IS 'When it last changed; kept by a trigger.';

CREATE TABLE app.survey_responses (
    tenant_id uuid NOT NULL DEFAULT tenancy.tenant_id(),
    id uuid NOT NULL DEFAULT tenancy.uuidv7(),
    customer_id uuid,
    survey text NOT NULL,
    score smallint CHECK (score BETWEEN 0 AND 10),
    answers jsonb NOT NULL DEFAULT '{}',
    comment text,
    submitted_at timestamptz NOT NULL DEFAULT now(),
    metadata jsonb NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, id),
    CONSTRAINT survey_responses_tenant_fkey FOREIGN KEY (tenant_id)
    REFERENCES tenancy_private.tenant (id),
    CONSTRAINT survey_responses_customer_fkey FOREIGN KEY (tenant_id, customer_id)
    REFERENCES app.customers (tenant_id, id)
);
ALTER TABLE app.survey_responses OWNER TO tenancy_owner;
CREATE INDEX survey_responses_customer_id_idx ON app.survey_responses (tenant_id, customer_id);
COMMENT ON TABLE app.survey_responses IS 'Answers to a survey.';
COMMENT ON COLUMN app.survey_responses.tenant_id IS 'Tenant: proven by the context.';
COMMENT ON COLUMN app.survey_responses.id IS 'Time-ordered id, unique inside the tenant.';
COMMENT ON COLUMN app.survey_responses.customer_id IS 'Who answered; NULL for anonymous.';
COMMENT ON COLUMN app.survey_responses.survey IS 'Name of the survey.';
COMMENT ON COLUMN app.survey_responses.score IS 'Would recommend, 0 to 10.';
COMMENT ON COLUMN app.survey_responses.answers IS 'Answers by question.';
COMMENT ON COLUMN app.survey_responses.comment IS 'In their own words.';
COMMENT ON COLUMN app.survey_responses.submitted_at IS 'When it was sent.';
COMMENT ON COLUMN app.survey_responses.metadata IS 'Free fields of the tenant''s own systems.';
COMMENT ON COLUMN app.survey_responses.created_at IS 'When the row was made.';
COMMENT ON COLUMN app.survey_responses.updated_at IS 'When it last changed; kept by a trigger.';

CREATE TABLE app.patients (
    tenant_id uuid NOT NULL DEFAULT tenancy.tenant_id(),
    id uuid NOT NULL DEFAULT tenancy.uuidv7(),
    customer_id uuid,
    full_name text NOT NULL,
    birth_date date,
    ssn text,
    medical_history text,
    allergies text,
    status text NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'inactive', 'deceased')),
    metadata jsonb NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, id),
    CONSTRAINT patients_tenant_fkey FOREIGN KEY (tenant_id)
    REFERENCES tenancy_private.tenant (id),
    CONSTRAINT patients_customer_fkey FOREIGN KEY (tenant_id, customer_id)
    REFERENCES app.customers (tenant_id, id)
);
ALTER TABLE app.patients OWNER TO tenancy_owner;
CREATE INDEX patients_customer_id_idx ON app.patients (tenant_id, customer_id);
COMMENT ON TABLE app.patients IS 'Patients of a med spa: health data.';
COMMENT ON COLUMN app.patients.tenant_id IS 'Tenant: proven by the context.';
COMMENT ON COLUMN app.patients.id IS 'Time-ordered id, unique inside the tenant.';
COMMENT ON COLUMN app.patients.customer_id IS 'Their customer account, if any.';
COMMENT ON COLUMN app.patients.full_name IS 'Name.';
COMMENT ON COLUMN app.patients.birth_date IS 'Date of birth.';
COMMENT ON COLUMN app.patients.ssn IS 'Social security number.';
COMMENT ON COLUMN app.patients.medical_history IS 'Medical history.';
COMMENT ON COLUMN app.patients.allergies IS 'Allergies.';
COMMENT ON COLUMN app.patients.status IS 'Standing of the patient.';
COMMENT ON COLUMN app.patients.metadata IS 'Free fields of the tenant''s own systems.';
COMMENT ON COLUMN app.patients.created_at IS 'When the row was made.';
COMMENT ON COLUMN app.patients.updated_at IS 'When it last changed; kept by a trigger.';

CREATE TABLE app.bookings (
    tenant_id uuid NOT NULL DEFAULT tenancy.tenant_id(),
    id uuid NOT NULL DEFAULT tenancy.uuidv7(),
    customer_id uuid,
    patient_id uuid,
    service text NOT NULL,
    status text NOT NULL DEFAULT 'requested'
    CHECK (status IN ('requested', 'confirmed', 'arrived', 'completed', 'no_show', 'cancelled')),
    starts_at timestamptz NOT NULL DEFAULT now(),
    ends_at timestamptz,
    time_zone text NOT NULL DEFAULT 'UTC',
    party_size smallint NOT NULL DEFAULT 1 CHECK (party_size > 0),
    currency text NOT NULL DEFAULT 'USD' CHECK (currency ~ '^[A-Z]{3}$'),
    price numeric(12,2) NOT NULL DEFAULT 0 CHECK (price >= 0),
    notes text,
    metadata jsonb NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, id),
    CONSTRAINT bookings_tenant_fkey FOREIGN KEY (tenant_id)
    REFERENCES tenancy_private.tenant (id),
    CONSTRAINT bookings_customer_fkey FOREIGN KEY (tenant_id, customer_id)
    REFERENCES app.customers (tenant_id, id),
    CONSTRAINT bookings_patient_fkey FOREIGN KEY (tenant_id, patient_id)
    REFERENCES app.patients (tenant_id, id)
);
ALTER TABLE app.bookings OWNER TO tenancy_owner;
CREATE INDEX bookings_customer_id_idx ON app.bookings (tenant_id, customer_id);
CREATE INDEX bookings_patient_id_idx ON app.bookings (tenant_id, patient_id);
CREATE INDEX bookings_starts_at_idx ON app.bookings (tenant_id, starts_at);
COMMENT ON TABLE app.bookings IS 'Appointments of a med spa or tables of a restaurant.';
COMMENT ON COLUMN app.bookings.tenant_id IS 'Tenant: proven by the context.';
COMMENT ON COLUMN app.bookings.id IS 'Time-ordered id, unique inside the tenant.';
COMMENT ON COLUMN app.bookings.customer_id IS 'Who booked.';
COMMENT ON COLUMN app.bookings.patient_id IS 'Patient to be treated, in a med spa.';
COMMENT ON COLUMN app.bookings.service IS 'What was booked.';
COMMENT ON COLUMN app.bookings.status IS 'Where the booking stands.';
COMMENT ON COLUMN app.bookings.starts_at IS 'Beginning.';
COMMENT ON COLUMN app.bookings.ends_at IS 'End.';
COMMENT ON COLUMN app.bookings.time_zone IS 'Zone of the place (IANA name).';
COMMENT ON COLUMN app.bookings.party_size IS 'Number of people.';
COMMENT ON COLUMN app.bookings.currency IS 'Currency (ISO 4217).';
COMMENT ON COLUMN app.bookings.price IS 'Agreed price, in currency.';
COMMENT ON COLUMN app.bookings.notes IS 'Wishes.';
COMMENT ON COLUMN app.bookings.metadata IS 'Free fields of the tenant''s own systems.';
COMMENT ON COLUMN app.bookings.created_at IS 'When the row was made.';
COMMENT ON COLUMN app.bookings.updated_at IS 'When it last changed; kept by a trigger.';

CREATE TABLE app.guests (
    tenant_id uuid NOT NULL DEFAULT tenancy.tenant_id(),
    id uuid NOT NULL DEFAULT tenancy.uuidv7(),
    customer_id uuid,
    full_name text NOT NULL,
    email text,
    nationality text CHECK (nationality ~ '^[A-Z]{2}$'),
    document_number text,
    preferences jsonb NOT NULL DEFAULT '{}',
    metadata jsonb NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, id),
    CONSTRAINT guests_tenant_fkey FOREIGN KEY (tenant_id)
    REFERENCES tenancy_private.tenant (id),
    CONSTRAINT guests_customer_fkey FOREIGN KEY (tenant_id, customer_id)
    REFERENCES app.customers (tenant_id, id)
);
ALTER TABLE app.guests OWNER TO tenancy_owner;
CREATE INDEX guests_customer_id_idx ON app.guests (tenant_id, customer_id);
COMMENT ON TABLE app.guests IS 'Guests of a hotel.';
COMMENT ON COLUMN app.guests.tenant_id IS 'Tenant: proven by the context.';
COMMENT ON COLUMN app.guests.id IS 'Time-ordered id, unique inside the tenant.';
COMMENT ON COLUMN app.guests.customer_id IS 'Their customer account, if any.';
COMMENT ON COLUMN app.guests.full_name IS 'Name.';
COMMENT ON COLUMN app.guests.email IS 'E-mail address.';
COMMENT ON COLUMN app.guests.nationality IS 'Country (ISO 3166-1 alpha-2).';
COMMENT ON COLUMN app.guests.document_number IS 'Number of the travel document.';
COMMENT ON COLUMN app.guests.preferences IS 'Room, pillow, newspaper.';
COMMENT ON COLUMN app.guests.metadata IS 'Free fields of the tenant''s own systems.';
COMMENT ON COLUMN app.guests.created_at IS 'When the row was made.';
COMMENT ON COLUMN app.guests.updated_at IS 'When it last changed; kept by a trigger.';

CREATE TABLE app.reservations (
    tenant_id uuid NOT NULL DEFAULT tenancy.tenant_id(),
    id uuid NOT NULL DEFAULT tenancy.uuidv7(),
    guest_id uuid NOT NULL,
    customer_id uuid,
    room text,
    status text NOT NULL DEFAULT 'booked'
    CHECK (status IN ('booked', 'checked_in', 'checked_out', 'no_show', 'cancelled')),
    arrival date NOT NULL,
    departure date NOT NULL,
    adults smallint NOT NULL DEFAULT 1 CHECK (adults > 0),
    currency text NOT NULL DEFAULT 'USD' CHECK (currency ~ '^[A-Z]{3}$'),
    total numeric(12,2) NOT NULL DEFAULT 0 CHECK (total >= 0),
    metadata jsonb NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, id),
    CONSTRAINT reservations_tenant_fkey FOREIGN KEY (tenant_id)
    REFERENCES tenancy_private.tenant (id),
    CONSTRAINT reservations_guest_fkey FOREIGN KEY (tenant_id, guest_id)
    REFERENCES app.guests (tenant_id, id),
    CONSTRAINT reservations_customer_fkey FOREIGN KEY (tenant_id, customer_id)
    REFERENCES app.customers (tenant_id, id)
);
ALTER TABLE app.reservations OWNER TO tenancy_owner;
CREATE INDEX reservations_guest_id_idx ON app.reservations (tenant_id, guest_id);
CREATE INDEX reservations_customer_id_idx ON app.reservations (tenant_id, customer_id);
ALTER TABLE app.reservations ADD CONSTRAINT reservations_depart_after_arrival CHECK (departure > arrival);
CREATE INDEX reservations_arrival_idx ON app.reservations (tenant_id, arrival);
COMMENT ON TABLE app.reservations IS 'Stays in a hotel.';
COMMENT ON COLUMN app.reservations.tenant_id IS 'Tenant: proven by the context.';
COMMENT ON COLUMN app.reservations.id IS 'Time-ordered id, unique inside the tenant.';
COMMENT ON COLUMN app.reservations.guest_id IS 'Who stays.';
COMMENT ON COLUMN app.reservations.customer_id IS 'Who booked.';
COMMENT ON COLUMN app.reservations.room IS 'Room number.';
COMMENT ON COLUMN app.reservations.status IS 'Where the stay stands.';
COMMENT ON COLUMN app.reservations.arrival IS 'First night.';
COMMENT ON COLUMN app.reservations.departure IS 'Day of leaving.';
COMMENT ON COLUMN app.reservations.adults IS 'Number of adults.';
COMMENT ON COLUMN app.reservations.currency IS 'Currency (ISO 4217).';
COMMENT ON COLUMN app.reservations.total IS 'Price of the stay, in currency.';
COMMENT ON COLUMN app.reservations.metadata IS 'Free fields of the tenant''s own systems.';
COMMENT ON COLUMN app.reservations.created_at IS 'When the row was made.';
COMMENT ON COLUMN app.reservations.updated_at IS 'When it last changed; kept by a trigger.';

CREATE TABLE app.settings (
    tenant_id uuid NOT NULL DEFAULT tenancy.tenant_id(),
    id uuid NOT NULL DEFAULT tenancy.uuidv7(),
    branding jsonb NOT NULL DEFAULT '{}',
    notifications jsonb NOT NULL DEFAULT '{}',
    features jsonb NOT NULL DEFAULT '{}',
    time_zone text NOT NULL DEFAULT 'UTC',
    currency text NOT NULL DEFAULT 'USD' CHECK (currency ~ '^[A-Z]{3}$'),
    metadata jsonb NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, id),
    CONSTRAINT settings_tenant_fkey FOREIGN KEY (tenant_id)
    REFERENCES tenancy_private.tenant (id)
);
ALTER TABLE app.settings OWNER TO tenancy_owner;
ALTER TABLE app.settings ADD CONSTRAINT settings_one_row_key UNIQUE (tenant_id);
COMMENT ON TABLE app.settings IS 'Settings of the tenant: one row.';
COMMENT ON COLUMN app.settings.tenant_id IS 'Tenant: proven by the context.';
COMMENT ON COLUMN app.settings.id IS 'Time-ordered id, unique inside the tenant.';
COMMENT ON COLUMN app.settings.branding IS 'Logo and colours; readable by customers.';
COMMENT ON COLUMN app.settings.notifications IS 'Which messages are sent.';
COMMENT ON COLUMN app.settings.features IS 'Feature flags: stored and served.';
COMMENT ON COLUMN app.settings.time_zone IS 'Zone of the place (IANA name).';
COMMENT ON COLUMN app.settings.currency IS 'Default currency (ISO 4217).';
COMMENT ON COLUMN app.settings.metadata IS 'Free fields of the tenant''s own systems.';
COMMENT ON COLUMN app.settings.created_at IS 'When the row was made.';
COMMENT ON COLUMN app.settings.updated_at IS 'When it last changed; kept by a trigger.';

CREATE TABLE app.storage_buckets (
    tenant_id uuid NOT NULL DEFAULT tenancy.tenant_id(),
    id uuid NOT NULL DEFAULT tenancy.uuidv7(),
    name text NOT NULL CHECK (name ~ '^[a-z0-9][a-z0-9-]{1,62}$'),
    is_public boolean NOT NULL DEFAULT false,
    max_object_bytes bigint CHECK (max_object_bytes > 0),
    metadata jsonb NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, id),
    CONSTRAINT storage_buckets_tenant_fkey FOREIGN KEY (tenant_id)
    REFERENCES tenancy_private.tenant (id)
);
ALTER TABLE app.storage_buckets OWNER TO tenancy_owner;
ALTER TABLE app.storage_buckets ADD CONSTRAINT storage_buckets_name_key UNIQUE (tenant_id, name);
COMMENT ON TABLE app.storage_buckets IS 'Containers of files.';
COMMENT ON COLUMN app.storage_buckets.tenant_id IS 'Tenant: proven by the context.';
COMMENT ON COLUMN app.storage_buckets.id IS 'Time-ordered id, unique inside the tenant.';
COMMENT ON COLUMN app.storage_buckets.name IS 'Name, unique inside the tenant.';
COMMENT ON COLUMN app.storage_buckets.is_public IS 'Served without a signature.';
COMMENT ON COLUMN app.storage_buckets.max_object_bytes IS 'Largest object, in bytes.';
COMMENT ON COLUMN app.storage_buckets.metadata IS 'Free fields of the tenant''s own systems.';
COMMENT ON COLUMN app.storage_buckets.created_at IS 'When the row was made.';
COMMENT ON COLUMN app.storage_buckets.updated_at IS 'When it last changed; kept by a trigger.';

CREATE TABLE app.storage_objects (
    tenant_id uuid NOT NULL DEFAULT tenancy.tenant_id(),
    id uuid NOT NULL DEFAULT tenancy.uuidv7(),
    bucket_id uuid NOT NULL,
    customer_id uuid,
    path text NOT NULL CHECK (length(path) BETWEEN 1 AND 1024),
    content_type text NOT NULL DEFAULT 'application/octet-stream',
    size_bytes bigint NOT NULL DEFAULT 0 CHECK (size_bytes >= 0),
    etag text,
    metadata jsonb NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, id),
    CONSTRAINT storage_objects_tenant_fkey FOREIGN KEY (tenant_id)
    REFERENCES tenancy_private.tenant (id),
    CONSTRAINT storage_objects_bucket_fkey FOREIGN KEY (tenant_id, bucket_id)
    REFERENCES app.storage_buckets (tenant_id, id),
    CONSTRAINT storage_objects_customer_fkey FOREIGN KEY (tenant_id, customer_id)
    REFERENCES app.customers (tenant_id, id)
);
ALTER TABLE app.storage_objects OWNER TO tenancy_owner;
CREATE INDEX storage_objects_bucket_id_idx ON app.storage_objects (tenant_id, bucket_id);
CREATE INDEX storage_objects_customer_id_idx ON app.storage_objects (tenant_id, customer_id);
ALTER TABLE app.storage_objects ADD CONSTRAINT storage_objects_path_key UNIQUE (tenant_id, bucket_id, path);
COMMENT ON TABLE app.storage_objects IS 'Files: the record, not the bytes.';
COMMENT ON COLUMN app.storage_objects.tenant_id IS 'Tenant: proven by the context.';
COMMENT ON COLUMN app.storage_objects.id IS 'Time-ordered id, unique inside the tenant.';
COMMENT ON COLUMN app.storage_objects.bucket_id IS 'The bucket.';
COMMENT ON COLUMN app.storage_objects.customer_id IS 'Whose file it is, if a person''s.';
COMMENT ON COLUMN app.storage_objects.path IS 'Path, unique inside the bucket.';
COMMENT ON COLUMN app.storage_objects.content_type IS 'Media type (RFC 6838).';
COMMENT ON COLUMN app.storage_objects.size_bytes IS 'Size, in bytes.';
COMMENT ON COLUMN app.storage_objects.etag IS 'Digest of the bytes.';
COMMENT ON COLUMN app.storage_objects.metadata IS 'Free fields of the tenant''s own systems.';
COMMENT ON COLUMN app.storage_objects.created_at IS 'When the row was made.';
COMMENT ON COLUMN app.storage_objects.updated_at IS 'When it last changed; kept by a trigger.';

CREATE CONSTRAINT TRIGGER _100_end_of_maintenance
AFTER INSERT ON tenancy_private.maintenance
DEFERRABLE INITIALLY DEFERRED
FOR EACH ROW EXECUTE FUNCTION tenancy_private.tg_end_of_maintenance();

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
