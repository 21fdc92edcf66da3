-- id: ESC-02
-- title: A member of staff edits the role in the context
-- attacker: staff
-- expect: blocked
-- answer: nothing
-- wins: rows
-- objects: tenancy_private.verified_context tenancy_private.context_mac
-- why: The role is signed with the rest.

-- keep forged
-- ours
SELECT overlay(current_setting('tenancy.context') PLACING 'm' FROM 69);
-- naive
SELECT 1;
-- ours
SET LOCAL tenancy.context = '{forged}';
-- ours
SET LOCAL ROLE tenancy_manager;
DELETE FROM app.pin_comments WHERE tenant_id = '{a}';
