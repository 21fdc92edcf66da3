-- The product document's own sketch, in a database of its own: text tenant_id, a plain setting as
-- context, no FORCE, default grants of everything, definers without a search_path. It is what the
-- attacks are first tried on; nothing here is to be copied. `naive_` becomes a name of the run.

ALTER SCHEMA public OWNER TO naive_owner;
SET ROLE naive_owner;
CREATE SCHEMA app;
GRANT USAGE ON SCHEMA app TO naive_app, naive_service;
ALTER DEFAULT PRIVILEGES GRANT ALL ON TABLES TO naive_app, naive_service;
ALTER DEFAULT PRIVILEGES GRANT ALL ON SEQUENCES TO naive_app, naive_service;

CREATE TABLE app.customers (
    id text PRIMARY KEY DEFAULT gen_random_uuid(),
    email text UNIQUE,
    full_name text NOT NULL,
    phone text,
    loyalty_points integer DEFAULT 0,
    notes text,
    metadata jsonb DEFAULT '{}',
    created_at timestamptz DEFAULT now(),
    updated_at timestamptz DEFAULT now()
);
CREATE TABLE app.orders (
    id text PRIMARY KEY DEFAULT gen_random_uuid(),
    order_no bigserial,
    customer_id text REFERENCES app.customers (id) ON DELETE CASCADE,
    order_number text NOT NULL UNIQUE,
    status text DEFAULT 'open',
    total numeric DEFAULT 0,
    payment_intent_id text,
    payment_status text DEFAULT 'unpaid',
    notes text,
    metadata jsonb DEFAULT '{}',
    created_at timestamptz DEFAULT now(),
    updated_at timestamptz DEFAULT now()
);
CREATE TABLE app.pins (
    id text PRIMARY KEY DEFAULT gen_random_uuid(),
    customer_id text,
    title text NOT NULL,
    body text,
    comment_count integer DEFAULT 0,
    metadata jsonb DEFAULT '{}',
    created_at timestamptz DEFAULT now()
);
CREATE TABLE app.analytics (
    id text PRIMARY KEY DEFAULT gen_random_uuid(),
    customer_id text,
    event text,
    payload jsonb,
    metadata jsonb DEFAULT '{}'
);
CREATE TABLE app.survey_responses (
    id text PRIMARY KEY DEFAULT gen_random_uuid(),
    customer_id text,
    survey text,
    comment text,
    metadata jsonb DEFAULT '{}'
);
-- Named by the sketch's code, and given no row security by its migration.
CREATE TABLE app.pin_comments (
    id text PRIMARY KEY DEFAULT gen_random_uuid(),
    tenant_id text,
    pin_id text,
    author_id text,
    body text,
    metadata jsonb DEFAULT '{}'
);
CREATE TABLE app.patients (
    id text PRIMARY KEY DEFAULT gen_random_uuid(),
    tenant_id text NOT NULL,
    customer_id text,
    full_name text NOT NULL,
    ssn text,
    medical_history text,
    metadata jsonb DEFAULT '{}'
);
CREATE TABLE app.bookings (
    id text PRIMARY KEY DEFAULT gen_random_uuid(),
    tenant_id text NOT NULL,
    customer_id text,
    patient_id text,
    service text,
    starts_at timestamptz,
    ends_at timestamptz,
    metadata jsonb DEFAULT '{}',
    EXCLUDE USING gist (tstzrange(starts_at, ends_at) WITH &&)
);
CREATE TABLE app.guests (
    id text PRIMARY KEY DEFAULT gen_random_uuid(),
    tenant_id text NOT NULL,
    customer_id text,
    full_name text,
    email text,
    metadata jsonb DEFAULT '{}'
);
CREATE TABLE app.reservations (
    id text PRIMARY KEY DEFAULT gen_random_uuid(),
    tenant_id text NOT NULL,
    guest_id text,
    customer_id text,
    room text,
    arrival date,
    departure date,
    metadata jsonb DEFAULT '{}'
);
CREATE TABLE app.settings (
    id text PRIMARY KEY DEFAULT gen_random_uuid(),
    tenant_id text,
    branding jsonb,
    notifications jsonb DEFAULT '{}',
    metadata jsonb DEFAULT '{}'
);
CREATE TABLE app.storage_buckets (
    id text PRIMARY KEY DEFAULT gen_random_uuid(),
    tenant_id text,
    name text,
    metadata jsonb DEFAULT '{}'
);
CREATE TABLE app.storage_objects (
    id text PRIMARY KEY DEFAULT gen_random_uuid(),
    tenant_id text,
    bucket_id text,
    customer_id text,
    path text,
    size_bytes bigint,
    metadata jsonb DEFAULT '{}'
);
CREATE TABLE public.tenants (
    tenant_id text PRIMARY KEY,
    plan text DEFAULT 'professional',
    status text DEFAULT 'active',
    api_keys jsonb,
    webhook_secret text,
    limits jsonb DEFAULT '{"max_pins": 100}'
);
CREATE TABLE public.tenant_users (tenant_id text, user_id text, role text);
CREATE TABLE public.audit_logs (
    id bigserial PRIMARY KEY,
    tenant_id text,
    user_id text,
    action text,
    "timestamp" timestamptz,
    metadata jsonb
);

-- Verbatim from the sketch, but for the schema.
ALTER TABLE app.pins ADD COLUMN IF NOT EXISTS tenant_id TEXT NOT NULL;
ALTER TABLE app.orders ADD COLUMN IF NOT EXISTS tenant_id TEXT NOT NULL;
ALTER TABLE app.customers ADD COLUMN IF NOT EXISTS tenant_id TEXT NOT NULL;
ALTER TABLE app.analytics ADD COLUMN IF NOT EXISTS tenant_id TEXT NOT NULL;
ALTER TABLE app.survey_responses ADD COLUMN IF NOT EXISTS tenant_id TEXT NOT NULL;
CREATE INDEX idx_pins_tenant_id ON app.pins(tenant_id);
CREATE INDEX idx_orders_tenant_id ON app.orders(tenant_id);
CREATE INDEX idx_customers_tenant_id ON app.customers(tenant_id);
ALTER TABLE app.pins ENABLE ROW LEVEL SECURITY;
ALTER TABLE app.orders ENABLE ROW LEVEL SECURITY;
ALTER TABLE app.customers ENABLE ROW LEVEL SECURITY;
ALTER TABLE app.analytics ENABLE ROW LEVEL SECURITY;
ALTER TABLE app.survey_responses ENABLE ROW LEVEL SECURITY;
CREATE POLICY "Tenant isolation for pins" ON app.pins
  FOR ALL USING (tenant_id = current_setting('app.current_tenant', true));
CREATE POLICY "Tenant isolation for orders" ON app.orders
  FOR ALL USING (tenant_id = current_setting('app.current_tenant', true));
CREATE POLICY "Tenant isolation for customers" ON app.customers
  FOR ALL USING (tenant_id = current_setting('app.current_tenant', true));
CREATE POLICY "Tenant isolation for analytics" ON app.analytics
  FOR ALL USING (tenant_id = current_setting('app.current_tenant', true));
CREATE OR REPLACE FUNCTION public.set_tenant_context(p_tenant_id TEXT)
RETURNS VOID AS $$
BEGIN
  PERFORM set_config('app.current_tenant', p_tenant_id, false);
END;
$$ LANGUAGE plpgsql SECURITY DEFINER;

-- The helper that articles recommend "for speed": a constant to the planner.
CREATE FUNCTION app.current_tenant() RETURNS text LANGUAGE sql IMMUTABLE
AS $$ SELECT current_setting('app.current_tenant', true) $$;
CREATE POLICY "Tenant isolation for survey_responses" ON app.survey_responses
  FOR ALL USING (tenant_id = app.current_tenant());

-- Functions that the sketch calls or implies, in their most natural form.
CREATE FUNCTION public.provision_tenant_schema(p_tenant_id text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    EXECUTE 'CREATE SCHEMA IF NOT EXISTS tenant_' || replace(p_tenant_id, '-', '_');
END $$;
CREATE FUNCTION public.export_customer(p_customer_id text) RETURNS jsonb
LANGUAGE sql SECURITY DEFINER AS $$ SELECT to_jsonb(c) FROM app.customers AS c WHERE c.id = $1 $$;
CREATE FUNCTION public.search_orders(p_filter text) RETURNS SETOF jsonb
LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    RETURN QUERY EXECUTE 'SELECT metadata FROM app.orders WHERE tenant_id = '
        || quote_literal(current_setting('app.current_tenant')) || ' AND ' || p_filter;
END $$;
CREATE FUNCTION public.is_admin(p_user text) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
BEGIN
    RETURN EXISTS (SELECT FROM tenant_users WHERE user_id = p_user AND role = 'admin');
EXCEPTION WHEN undefined_table THEN
    RETURN false;
END $$;
CREATE FUNCTION public.parse_id(p_id text) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
BEGIN
    RETURN p_id::uuid;
END $$;
CREATE FUNCTION public.find_customer(p_email text) RETURNS SETOF text
LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    RETURN QUERY SELECT id FROM app.customers WHERE lower(email) = lower(p_email)
        AND tenant_id = current_setting('app.current_tenant', true);
END $$;
CREATE FUNCTION public.validate_key(p_key text) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM tenants WHERE api_keys ->> 'secret' = p_key) THEN
        RAISE EXCEPTION 'invalid key %', p_key;
    END IF;
    RETURN true;
END $$;
CREATE FUNCTION public.sign_webhook(p_body text) RETURNS text
LANGUAGE sql AS $$ SELECT md5('whsec_7f1de0a4c93b4bd2a61f2b9cd3e5f801' || p_body) $$;
CREATE FUNCTION public.audit() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO audit_logs (tenant_id, action, "timestamp") VALUES (new.tenant_id, tg_op, now());
    RETURN new;
END $$;
CREATE TRIGGER audit AFTER UPDATE ON app.orders FOR EACH ROW EXECUTE FUNCTION public.audit();

INSERT INTO public.tenants (tenant_id, api_keys, webhook_secret) VALUES
('tenant-a', '{"secret": "sk_live_tenant-a_s3cr3t"}', 'whsec_{a_mark}'),
('tenant-b', '{"secret": "sk_live_tenant-b_s3cr3t"}', 'whsec_{b_mark}');
INSERT INTO public.tenant_users VALUES
('tenant-a', '{a_staff}', 'staff'), ('tenant-a', '{a_manager}', 'manager'),
('tenant-a', '{a_customer}', 'customer'), ('tenant-b', '{b_staff}', 'staff');
INSERT INTO public.audit_logs (tenant_id, user_id, action, "timestamp") VALUES
('tenant-a', '{a_staff}', 'READ', now()), ('tenant-b', '{b_staff}', 'READ', now());
SELECT public.provision_tenant_schema('tenant-a'), public.provision_tenant_schema('tenant-b');
RESET ROLE;
DO $$
BEGIN
    EXECUTE format('ALTER DATABASE %I SET app.jwt_secret = ''super-secret''', current_database());
END $$;
