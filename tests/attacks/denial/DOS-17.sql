-- id: DOS-17
-- title: DROP OWNED by the shared role
-- attacker: injected
-- expect: blocked
-- answer: 42501 nothing
-- wins: error
-- naive: blocked
-- objects: app.orders
-- why: Were it to revoke what others granted, one tenant would lock all out. Kept: it decides whether the
--   role may be shared, and PostgreSQL has changed here before.

-- try
DROP OWNED BY CURRENT_USER;
SELECT 1 FROM app.orders;
