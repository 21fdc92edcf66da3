-- PUBLIC may neither connect nor make temporary objects: a copy of a database forgets this.
-- Remedy: run sql/database.sql on it.

SELECT d.datname AS object
FROM pg_catalog.pg_database AS d
WHERE
    d.datname = current_database()
    AND (
        d.datacl IS NULL
        OR EXISTS (
            SELECT FROM aclexplode(d.datacl) AS a
            WHERE a.grantee = 0
        )
    );
