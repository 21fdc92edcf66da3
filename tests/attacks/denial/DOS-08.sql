-- id: DOS-08
-- title: Fill the notification queue
-- attacker: injected
-- expect: blocked
-- answer: 42501
-- wins: done
-- needs: harden
-- objects: harden
-- why: The queue is one for the cluster; when it is full, every COMMIT that notifies fails. One row, one
--   notification: the function is revoked, and the statement takes one at a time (CHN-16).

SELECT count(pg_notify('flood', i::text)) FROM generate_series(1, 1000) AS i;
