-- id: POOL-05
-- title: Read the statements the client before has prepared
-- attacker: user
-- expect: residual
-- wins: canary
-- why: pg_prepared_statements shows the session's own statements, whoever made them.
-- remedy: PgBouncer server_reset_query_always = 1; values are bind parameters, never part of a text.

-- @next
PREPARE mine AS SELECT '{b_mark}';
COMMIT;
-- @next none
SELECT statement FROM pg_prepared_statements;
