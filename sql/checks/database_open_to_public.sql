-- PUBLIC may neither connect nor make temporary objects: what one client leaves in pg_temp is found
-- first by the next one on a pooled connection. A copy of a database forgets this.
-- Remedy: REVOKE ALL ON DATABASE … FROM PUBLIC, or run sql/database.sql on it.

SELECT
    d.datname AS object,
    string_agg(a.privilege_type, ', ' ORDER BY a.privilege_type) || ' to public' AS detail
FROM pg_catalog.pg_database AS d
CROSS JOIN LATERAL aclexplode(coalesce(d.datacl, acldefault('d', d.datdba))) AS a
WHERE d.datname = current_database() AND a.grantee = 0
GROUP BY d.datname;
