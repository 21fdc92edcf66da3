-- id: CTX-12
-- title: Take a tenant role without any credential
-- attacker: login
-- expect: blocked
-- answer: nothing
-- wins: canary
-- objects: app.patients tenancy.tenant_id
-- why: The login may SET ROLE to a tenant role, because enter() does; without a context the role sees no row.

-- @login
-- ours
SET LOCAL ROLE tenancy_manager;
SELECT metadata FROM app.patients;
