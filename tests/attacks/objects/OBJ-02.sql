-- id: OBJ-02
-- title: Read every table as a manager
-- attacker: user
-- as: manager
-- expect: blocked
-- answer: nothing
-- wins: canary
-- objects: app.customers app.orders app.pins app.pin_comments app.analytics app.survey_responses app.patients app.bookings app.guests app.reservations app.settings app.storage_buckets app.storage_objects
-- why: One wall per table, without exception.

SELECT metadata FROM app.customers
UNION ALL SELECT metadata FROM app.orders
UNION ALL SELECT metadata FROM app.pins
UNION ALL SELECT metadata FROM app.pin_comments
UNION ALL SELECT metadata FROM app.analytics
UNION ALL SELECT metadata FROM app.survey_responses
UNION ALL SELECT metadata FROM app.patients
UNION ALL SELECT metadata FROM app.bookings
UNION ALL SELECT metadata FROM app.guests
UNION ALL SELECT metadata FROM app.reservations
UNION ALL SELECT metadata FROM app.settings
UNION ALL SELECT metadata FROM app.storage_buckets
UNION ALL SELECT metadata FROM app.storage_objects;
