-- No application role is a superuser or bypasses row security; only tenancy_backup does.
-- Remedy: ALTER ROLE … NOSUPERUSER NOBYPASSRLS.

SELECT r.rolname AS object
FROM pg_catalog.pg_roles AS r
WHERE
    r.rolname ~ '^tenancy_'
    AND r.rolname <> 'tenancy_backup'
    AND (r.rolsuper OR r.rolbypassrls);
