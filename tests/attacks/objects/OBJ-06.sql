-- id: OBJ-06
-- title: TRUNCATE, which no policy sees
-- attacker: injected
-- as: manager
-- expect: blocked
-- answer: 42501
-- wins: any
-- objects: app.customers app.orders app.pins app.pin_comments app.analytics app.survey_responses app.patients app.bookings app.guests app.reservations app.settings app.storage_buckets app.storage_objects
-- why: Row security does not cover TRUNCATE; the privilege is granted to nobody. GRANT ALL contains it.

-- try
TRUNCATE app.customers;
-- try
TRUNCATE app.orders;
-- try
TRUNCATE app.pins;
-- try
TRUNCATE app.pin_comments;
-- try
TRUNCATE app.analytics;
-- try
TRUNCATE app.survey_responses;
-- try
TRUNCATE app.patients;
-- try
TRUNCATE app.bookings;
-- try
TRUNCATE app.guests;
-- try
TRUNCATE app.reservations;
-- try
TRUNCATE app.settings;
-- try
TRUNCATE app.storage_buckets;
-- try
TRUNCATE app.storage_objects;
