-- id: CHN-16
-- title: Listen to what other tenants notify
-- attacker: injected
-- expect: residual
-- wins: canary
-- why: Channels have no owner and no privileges: LISTEN and NOTIFY cannot be revoked.
-- remedy: No data in payloads, random channel names.

LISTEN orders;
COMMIT;
-- @victim
NOTIFY orders, '{b_mark}';
COMMIT;
-- @attacker none
SELECT 1;
