-- id: CTX-05
-- title: Put the victim's id into one's own signed context
-- attacker: injected
-- expect: blocked
-- answer: nothing
-- wins: canary
-- objects: tenancy_private.verified_context tenancy_private.context_mac
-- why: The signature covers every field; an edited one verifies to NULL.

-- keep forged
-- ours
SELECT overlay(current_setting('tenancy.context') PLACING replace('{b}', '-', '') FROM 5);
-- naive
-- keep forged
SELECT '{b}';
-- ours
SET LOCAL tenancy.context = '{forged}';
-- naive
SET LOCAL app.current_tenant = '{forged}';
SELECT metadata FROM app.customers;
