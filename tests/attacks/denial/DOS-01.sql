-- id: DOS-01
-- title: LOCK TABLE as a member of staff
-- attacker: injected
-- expect: blocked
-- answer: 42501
-- wins: any
-- objects: app.customers app.orders app.pins app.pin_comments app.analytics app.survey_responses app.patients app.bookings app.guests app.reservations app.settings app.storage_buckets app.storage_objects
-- why: UPDATE or DELETE on the whole table brings ACCESS EXCLUSIVE with it; grants by column do not.

-- try
LOCK TABLE app.customers IN ACCESS EXCLUSIVE MODE NOWAIT;
-- try
LOCK TABLE app.orders IN ACCESS EXCLUSIVE MODE NOWAIT;
-- try
LOCK TABLE app.pins IN ACCESS EXCLUSIVE MODE NOWAIT;
-- try
LOCK TABLE app.pin_comments IN ACCESS EXCLUSIVE MODE NOWAIT;
-- try
LOCK TABLE app.analytics IN ACCESS EXCLUSIVE MODE NOWAIT;
-- try
LOCK TABLE app.survey_responses IN ACCESS EXCLUSIVE MODE NOWAIT;
-- try
LOCK TABLE app.patients IN ACCESS EXCLUSIVE MODE NOWAIT;
-- try
LOCK TABLE app.bookings IN ACCESS EXCLUSIVE MODE NOWAIT;
-- try
LOCK TABLE app.guests IN ACCESS EXCLUSIVE MODE NOWAIT;
-- try
LOCK TABLE app.reservations IN ACCESS EXCLUSIVE MODE NOWAIT;
-- try
LOCK TABLE app.settings IN ACCESS EXCLUSIVE MODE NOWAIT;
-- try
LOCK TABLE app.storage_buckets IN ACCESS EXCLUSIVE MODE NOWAIT;
-- try
LOCK TABLE app.storage_objects IN ACCESS EXCLUSIVE MODE NOWAIT;
