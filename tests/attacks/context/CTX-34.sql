-- id: CTX-34
-- title: Carry a context into the second transaction of one message
-- attacker: injected
-- expect: blocked
-- answer: 42501
-- wins: true
-- needs: harden
-- objects: harden tenancy_private.transaction_tag
-- why: Transactions of one simple-query message share transaction_timestamp(). Carrying the context over takes
--   set_config(); and it would only re-open what the same client had open in the same message.

-- ours
COMMIT; BEGIN; SELECT tenancy.enter('{a_staff_key}'); SELECT set_config('attack.kept', current_setting('tenancy.context'), false); COMMIT; BEGIN; SET LOCAL ROLE tenancy_staff; SELECT set_config('tenancy.context', current_setting('attack.kept'), true); SELECT count(*) > 0
    FROM app.customers;
-- naive
COMMIT; BEGIN; SELECT public.set_tenant_context('{a}'); COMMIT; BEGIN; SELECT count(*) > 0
    FROM app.customers;
