-- id: DOS-16
-- title: Poison every future connection by a setting of the login
-- attacker: injected
-- expect: residual
-- wins: done
-- why: A role may always change its own settings for future sessions.
-- remedy: Watch pg_db_role_setting; connect_query of the pooler sets what matters.

-- @login
ALTER ROLE CURRENT_USER SET default_transaction_read_only = on;
