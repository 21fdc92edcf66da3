-- A function that a policy calls is neither IMMUTABLE (a cached plan would serve one tenant's rows
-- to the next), nor PARALLEL SAFE (workers lack the context), nor LEAKPROOF.
-- Remedy: ALTER FUNCTION … STABLE PARALLEL RESTRICTED NOT LEAKPROOF.

SELECT DISTINCT
    f.oid::regprocedure::text AS object,
    concat_ws(
        ', ',
        CASE f.provolatile WHEN 'i' THEN 'IMMUTABLE' END,
        CASE f.proparallel WHEN 's' THEN 'PARALLEL SAFE' END,
        CASE WHEN f.proleakproof THEN 'LEAKPROOF' END
    ) AS detail
FROM tenancy.registered_table AS p
INNER JOIN pg_catalog.pg_namespace AS n ON p.schema_name = n.nspname
INNER JOIN pg_catalog.pg_class AS c ON n.oid = c.relnamespace AND p.table_name = c.relname
INNER JOIN pg_catalog.pg_policy AS w ON c.oid = w.polrelid
INNER JOIN pg_catalog.pg_depend AS d
    ON d.classid = 'pg_policy'::regclass AND w.oid = d.objid AND d.refclassid = 'pg_proc'::regclass
INNER JOIN pg_catalog.pg_proc AS f ON d.refobjid = f.oid
WHERE
    f.pronamespace <> 'pg_catalog'::regnamespace
    AND f.pronargs = 0
    AND (f.provolatile = 'i' OR f.proparallel = 's' OR f.proleakproof);
