-- id: CTX-04
-- title: Replay the victim's live context in another backend
-- attacker: login
-- expect: blocked
-- answer: nothing
-- wins: canary
-- objects: tenancy_private.verified_context tenancy_private.context_mac tenancy_private.transaction_tag
-- why: The signature covers pg_backend_pid(): a stolen context, still valid for its owner, verifies to NULL here.

-- @login
-- ours
SET LOCAL ROLE tenancy_manager;
-- ours
SET LOCAL tenancy.context = '{token}';
-- naive
SET LOCAL app.current_tenant = '{token}';
SELECT metadata FROM app.customers;
