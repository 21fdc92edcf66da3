-- id: CHN-07
-- title: Statements of other sessions
-- attacker: injected
-- expect: blocked
-- answer: 42501
-- wins: canary
-- needs: harden
-- objects: harden
-- why: All tenants share a login, so that pg_stat_activity shows the texts of all. It is revoked.

-- @victim
SELECT '{b_mark}';
-- @attacker
RESET ROLE;
SELECT query FROM pg_stat_activity WHERE query LIKE '%{b_mark}%' AND pid <> pg_backend_pid();
