-- id: OBJ-05
-- title: Delete the victim's rows, in every table
-- attacker: user
-- as: manager
-- expect: blocked
-- answer: nothing
-- wins: any
-- objects: app.customers app.orders app.pins app.pin_comments app.analytics app.survey_responses app.patients app.bookings app.guests app.reservations app.settings app.storage_buckets app.storage_objects
-- why: A manager may delete, inside the own tenant.

-- try
DELETE FROM app.pin_comments WHERE tenant_id = '{b}';
-- try
DELETE FROM app.pins WHERE tenant_id = '{b}';
-- try
DELETE FROM app.analytics WHERE tenant_id = '{b}';
-- try
DELETE FROM app.survey_responses WHERE tenant_id = '{b}';
-- try
DELETE FROM app.bookings WHERE tenant_id = '{b}';
-- try
DELETE FROM app.patients WHERE tenant_id = '{b}';
-- try
DELETE FROM app.reservations WHERE tenant_id = '{b}';
-- try
DELETE FROM app.guests WHERE tenant_id = '{b}';
-- try
DELETE FROM app.storage_objects WHERE tenant_id = '{b}';
-- try
DELETE FROM app.storage_buckets WHERE tenant_id = '{b}';
-- try
DELETE FROM app.settings WHERE tenant_id = '{b}';
-- try
DELETE FROM app.orders WHERE tenant_id = '{b}';
-- try
DELETE FROM app.customers WHERE tenant_id = '{b}';
