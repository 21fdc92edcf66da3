-- id: ESC-03
-- title: A member of staff deletes, in every table
-- attacker: staff
-- expect: blocked
-- answer: 42501
-- wins: any
-- objects: app.customers app.orders app.pins app.pin_comments app.analytics app.survey_responses app.patients app.bookings app.guests app.reservations app.settings app.storage_buckets app.storage_objects
-- why: The grid gives staff read and write, no delete.

-- try
DELETE FROM app.pin_comments;
-- try
DELETE FROM app.pins;
-- try
DELETE FROM app.analytics;
-- try
DELETE FROM app.survey_responses;
-- try
DELETE FROM app.bookings;
-- try
DELETE FROM app.patients;
-- try
DELETE FROM app.reservations;
-- try
DELETE FROM app.guests;
-- try
DELETE FROM app.storage_objects;
-- try
DELETE FROM app.storage_buckets;
-- try
DELETE FROM app.settings;
-- try
DELETE FROM app.orders;
-- try
DELETE FROM app.customers;
