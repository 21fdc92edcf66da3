-- id: ESC-01
-- title: A member of staff takes the manager's role
-- attacker: staff
-- expect: blocked
-- answer: nothing
-- wins: rows
-- objects: tenancy_private.context_in_force app.pin_comments
-- why: The login may SET ROLE to each tenant role; the context is valid only under the role that was signed.

-- ours
SET LOCAL ROLE tenancy_manager;
DELETE FROM app.pin_comments WHERE tenant_id = '{a}';
