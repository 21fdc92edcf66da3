-- pg_hba.conf lets nobody in over the network without TLS.
-- Level: note
-- Remedy: platform duty, not proven: write hostssl for host, and no hostnossl.

SELECT
    'pg_hba.conf line ' || h.line_number AS object,
    concat_ws(' ', h.type, h.database::text, h.user_name::text, h.address, h.auth_method) AS detail
FROM pg_catalog.pg_hba_file_rules AS h
WHERE
    h.type IN ('host', 'hostnossl')
    AND h.auth_method <> 'reject'
    AND h.address NOT IN ('127.0.0.1', '::1', 'localhost', 'samehost');
