-- id: CTX-29
-- title: Change the tenant between USING and WITH CHECK of one UPDATE
-- attacker: injected
-- expect: blocked
-- answer: 42501
-- wins: rows
-- objects: app.pins
-- why: The naive policy reads the setting per row: USING sees A, WITH CHECK sees B. Ours reads it once per
--   statement, and tenant_id is in no UPDATE grant.

-- ours
UPDATE app.pins SET tenant_id = set_config('tenancy.context', '{token}', true)::uuid
    WHERE id = '{a_pin}';
-- naive
UPDATE app.pins SET tenant_id = set_config('app.current_tenant', '{b}', true) WHERE id = '{a_pin}';
