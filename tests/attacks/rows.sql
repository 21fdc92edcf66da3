-- One row of a tenant in every table, with its mark in the texts; both sides are filled by it.

INSERT INTO app.customers (tenant_id, id, email, full_name, phone, notes, metadata)
VALUES (
    '{tenant}', '{customer}', '{mark}@{slug}.example', 'Customer {mark}', '+1555{mark}',
    'notes {mark}', '{"canary": "{mark}"}'
);
INSERT INTO app.orders (
    tenant_id, id, customer_id, order_number, total, notes, payment_intent_id, metadata
)
VALUES (
    '{tenant}', '{order}', '{customer}', 'R-{mark}', 42, 'notes {mark}', 'pi_{mark}',
    '{"canary": "{mark}"}'
);
INSERT INTO app.orders (tenant_id, id, order_number, total, metadata)
VALUES ('{tenant}', '{walkin}', 'W-{mark}', 7, '{"canary": "{mark}"}');
INSERT INTO app.pins (tenant_id, id, customer_id, title, body, metadata)
VALUES ('{tenant}', '{pin}', '{customer}', 'Pin {mark}', 'body {mark}', '{"canary": "{mark}"}');
INSERT INTO app.pin_comments (tenant_id, id, pin_id, author_id, body, metadata)
VALUES (
    '{tenant}', '{comment}', '{pin}', '{customer}', 'comment {mark}', '{"canary": "{mark}"}'
);
INSERT INTO app.analytics (tenant_id, id, customer_id, event, payload, metadata)
VALUES (
    '{tenant}', '{event}', '{customer}', 'login', '{"who": "{mark}"}', '{"canary": "{mark}"}'
);
INSERT INTO app.survey_responses (tenant_id, id, customer_id, survey, comment, metadata)
VALUES (
    '{tenant}', '{survey}', '{customer}', 'nps', 'comment {mark}', '{"canary": "{mark}"}'
);
INSERT INTO app.patients (
    tenant_id, id, customer_id, full_name, ssn, medical_history, metadata
)
VALUES (
    '{tenant}', '{patient}', '{customer}', 'Patient {mark}', '900-00-{mark}', 'history {mark}',
    '{"canary": "{mark}"}'
);
INSERT INTO app.bookings (
    tenant_id, id, customer_id, patient_id, service, starts_at, ends_at, metadata
)
VALUES (
    '{tenant}', '{booking}', '{customer}', '{patient}', 'facial {mark}', '{day} 10:00+00',
    '{day} 11:00+00', '{"canary": "{mark}"}'
);
INSERT INTO app.guests (tenant_id, id, customer_id, full_name, email, metadata)
VALUES (
    '{tenant}', '{guest}', '{customer}', 'Guest {mark}', 'guest.{mark}@{slug}.example',
    '{"canary": "{mark}"}'
);
INSERT INTO app.reservations (
    tenant_id, id, guest_id, customer_id, room, arrival, departure, metadata
)
VALUES (
    '{tenant}', '{stay}', '{guest}', '{customer}', '12', '2030-01-01', '2030-01-02',
    '{"canary": "{mark}"}'
);
INSERT INTO app.settings (tenant_id, id, branding, metadata)
VALUES ('{tenant}', '{settings}', '{"logo": "{mark}"}', '{"canary": "{mark}"}');
INSERT INTO app.storage_buckets (tenant_id, id, name, metadata)
VALUES ('{tenant}', '{bucket}', 'photos', '{"canary": "{mark}"}');
INSERT INTO app.storage_objects (tenant_id, id, bucket_id, customer_id, path, size_bytes, metadata)
VALUES (
    '{tenant}', '{object}', '{bucket}', '{customer}', '/{mark}.jpg', 1, '{"canary": "{mark}"}'
);
