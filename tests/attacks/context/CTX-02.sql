-- id: CTX-02
-- title: Set the context setting to the victim's id
-- attacker: injected
-- expect: blocked
-- answer: nothing
-- wins: canary
-- objects: tenancy.tenant_id tenancy_private.verified_context app.customers
-- why: Anybody who can run SQL can SET a custom setting, so the value must be signed to count.

-- ours
SET LOCAL tenancy.context = '{b}';
-- naive
SET LOCAL app.current_tenant = '{b}';
SELECT metadata FROM app.customers;
