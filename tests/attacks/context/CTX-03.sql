-- id: CTX-03
-- title: Switch the context inside one SELECT, by set_config() in a CTE
-- attacker: injected
-- expect: blocked
-- answer: 42501 nothing
-- wins: canary
-- objects: tenancy_private.verified_context tenancy_private.transaction_tag
-- why: set_config() is revoked by sql/harden.sql; and the victim's signed context is bound to another backend.

-- ours
WITH x AS MATERIALIZED (SELECT set_config('tenancy.context', '{token}', true)) SELECT c.metadata
    FROM x CROSS JOIN app.customers AS c;
-- naive
WITH x AS MATERIALIZED (SELECT set_config('app.current_tenant', '{b}', true)) SELECT c.metadata
    FROM x CROSS JOIN app.customers AS c;
