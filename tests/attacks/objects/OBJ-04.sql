-- id: OBJ-04
-- title: Change the victim's rows, in every table
-- attacker: user
-- as: manager
-- expect: blocked
-- answer: nothing
-- wins: any
-- objects: app.customers app.orders app.pins app.pin_comments app.analytics app.survey_responses app.patients app.bookings app.guests app.reservations app.settings app.storage_buckets app.storage_objects
-- why: USING of the wall: what is not seen is not changed.

-- try
UPDATE app.customers SET metadata = '{}' WHERE tenant_id = '{b}';
-- try
UPDATE app.orders SET metadata = '{}' WHERE tenant_id = '{b}';
-- try
UPDATE app.pins SET metadata = '{}' WHERE tenant_id = '{b}';
-- try
UPDATE app.pin_comments SET metadata = '{}' WHERE tenant_id = '{b}';
-- try
UPDATE app.analytics SET metadata = '{}' WHERE tenant_id = '{b}';
-- try
UPDATE app.survey_responses SET metadata = '{}' WHERE tenant_id = '{b}';
-- try
UPDATE app.patients SET metadata = '{}' WHERE tenant_id = '{b}';
-- try
UPDATE app.bookings SET metadata = '{}' WHERE tenant_id = '{b}';
-- try
UPDATE app.guests SET metadata = '{}' WHERE tenant_id = '{b}';
-- try
UPDATE app.reservations SET metadata = '{}' WHERE tenant_id = '{b}';
-- try
UPDATE app.settings SET metadata = '{}' WHERE tenant_id = '{b}';
-- try
UPDATE app.storage_buckets SET metadata = '{}' WHERE tenant_id = '{b}';
-- try
UPDATE app.storage_objects SET metadata = '{}' WHERE tenant_id = '{b}';
