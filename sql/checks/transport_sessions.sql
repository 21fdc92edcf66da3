-- Every session that came over the network is encrypted, now; local sockets do not count.
-- Level: note
-- Remedy: platform duty, not proven: hostssl lines alone, and sslmode=verify-full in every client.

SELECT
    a.usename AS object,
    count(*) || ' sessions without TLS' AS detail
FROM pg_catalog.pg_stat_activity AS a
INNER JOIN pg_catalog.pg_stat_ssl AS s ON a.pid = s.pid
WHERE a.client_addr IS NOT NULL AND NOT s.ssl
GROUP BY a.usename
UNION ALL
SELECT
    current_user AS object,
    'sees its own sessions only' AS detail
WHERE NOT pg_has_role(current_user, 'pg_read_all_stats', 'USAGE');
