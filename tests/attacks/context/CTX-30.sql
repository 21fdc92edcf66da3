-- id: CTX-30
-- title: Change the tenant before an UPDATE looks for its rows
-- attacker: injected
-- expect: blocked
-- answer: 42501 nothing
-- wins: rows
-- objects: app.customers tenancy_private.verified_context
-- why: A condition without columns runs first, so that a plain setting is the victim's when the policy reads it.

-- ours
UPDATE app.customers SET notes = 'owned'
    WHERE (SELECT set_config('tenancy.context', '{token}', true)) IS NOT NULL
    AND id = '{b_customer}';
-- naive
UPDATE app.customers SET notes = 'owned'
    WHERE (SELECT set_config('app.current_tenant', '{b}', true)) IS NOT NULL
    AND id = '{b_customer}';
