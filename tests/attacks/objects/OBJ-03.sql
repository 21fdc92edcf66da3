-- id: OBJ-03
-- title: Plant rows in the victim's tenant, in every table
-- attacker: user
-- as: manager
-- expect: blocked
-- answer: 42501
-- wins: any
-- objects: app.customers app.orders app.pins app.pin_comments app.analytics app.survey_responses app.patients app.bookings app.guests app.reservations app.settings app.storage_buckets app.storage_objects
-- why: WITH CHECK of the wall: the tenant of a new row is the proven one.

-- try
INSERT INTO app.customers (tenant_id, full_name) VALUES ('{b}', 'planted');
-- try
INSERT INTO app.orders (tenant_id, order_number) VALUES ('{b}', 'planted');
-- try
INSERT INTO app.pins (tenant_id, title) VALUES ('{b}', 'planted');
-- try
INSERT INTO app.pin_comments (tenant_id, pin_id, body) VALUES ('{b}', '{b_pin}', 'planted');
-- try
INSERT INTO app.analytics (tenant_id, event) VALUES ('{b}', 'planted');
-- try
INSERT INTO app.survey_responses (tenant_id, survey) VALUES ('{b}', 'planted');
-- try
INSERT INTO app.patients (tenant_id, full_name) VALUES ('{b}', 'planted');
-- try
INSERT INTO app.bookings (tenant_id, service, starts_at) VALUES ('{b}', 'planted', '2031-01-01');
-- try
INSERT INTO app.guests (tenant_id, full_name) VALUES ('{b}', 'planted');
-- try
INSERT INTO app.reservations (tenant_id, guest_id, arrival, departure)
    VALUES ('{b}', '{b_guest}', '2031-01-01', '2031-01-02');
-- try
INSERT INTO app.settings (tenant_id) VALUES ('{b}');
-- try
INSERT INTO app.storage_buckets (tenant_id, name) VALUES ('{b}', 'planted');
-- try
INSERT INTO app.storage_objects (tenant_id, bucket_id, path)
    VALUES ('{b}', '{b_bucket}', '/planted');
