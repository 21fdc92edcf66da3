-- id: DOS-14
-- title: Lift the timeouts
-- attacker: injected
-- expect: residual
-- wins: done
-- why: statement_timeout and its kin may be changed by every session.
-- remedy: query_timeout and idle_transaction_timeout in the pooler, which no session can change.

SET LOCAL statement_timeout = 0;
SET LOCAL idle_in_transaction_session_timeout = 0;
SET LOCAL lock_timeout = 0;
