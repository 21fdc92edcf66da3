-- id: SEC-08
-- title: Read files of the server
-- attacker: injected
-- expect: blocked
-- answer: 42501
-- wins: any
-- naive: blocked
-- why: PostgreSQL keeps these for superusers and pg_read_server_files, in any design. Kept: a login that
--   was made superuser "for the migration" has them.

-- try
SELECT pg_read_file('PG_VERSION');
-- try
COPY (SELECT 1) TO PROGRAM 'true';
-- try
SELECT rolpassword FROM pg_authid;
