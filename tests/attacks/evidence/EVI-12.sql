-- id: EVI-12
-- title: Exchange what the request claimed after it was signed
-- attacker: injected
-- expect: blocked
-- answer: nothing
-- wins: true
-- objects: tenancy_private.sign_context
-- why: The signed context holds a digest of the request: another one does not fit it.

-- ours
SET LOCAL tenancy.request = '{"client_address": "203.0.113.9"}';
-- ours
SELECT encode(sha256(convert_to(current_setting('tenancy.request'), 'UTF8')), 'hex') = substr(current_setting('tenancy.context'), 72, 64);
-- naive
SET LOCAL app.request = '{"client_address": "203.0.113.9"}';
-- naive
SELECT true;
