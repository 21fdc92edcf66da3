-- The server offers TLS 1.2 or later, and stores passwords for SCRAM.
-- Level: note
-- Remedy: platform duty, not proven: ssl = on, ssl_min_protocol_version, password_encryption.

SELECT
    s.name AS object,
    s.setting AS detail
FROM pg_catalog.pg_settings AS s
WHERE
    (s.name = 'ssl' AND s.setting <> 'on')
    OR (s.name = 'ssl_min_protocol_version' AND s.setting NOT IN ('TLSv1.2', 'TLSv1.3'))
    OR (s.name = 'password_encryption' AND s.setting <> 'scram-sha-256');
