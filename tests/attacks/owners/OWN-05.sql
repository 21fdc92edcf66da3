-- id: OWN-05
-- title: The owner reads with a stolen context
-- attacker: insider
-- expect: blocked
-- answer: nothing
-- wins: canary
-- objects: app.customers tenancy_private.verified_context
-- why: A context is bound to its backend for the owner as for anybody.

-- @insider
-- ours
SET LOCAL tenancy.context = '{token}';
SELECT metadata FROM app.customers WHERE tenant_id = '{b}';
