-- What SQLsmith 1.4 reads, in schema smith, which it searches before pg_catalog: only for the database it
-- generates from. Without them three statements in four cannot run on any PostgreSQL.
-- Materialized, because it takes views for tables to query; these it does not see.
CREATE SCHEMA smith;
GRANT USAGE ON SCHEMA smith TO public;

-- No function that a tenant's role may not call, or that takes what no expression has.
CREATE MATERIALIZED VIEW smith.pg_proc AS
SELECT p.oid, p.proname, p.pronamespace, p.prorettype, p.proretset, p.prokind, p.proargtypes
FROM pg_catalog.pg_proc AS p
WHERE pg_catalog.has_function_privilege('tenancy_manager', p.oid, 'EXECUTE')
  AND pg_catalog.has_schema_privilege('tenancy_manager', p.pronamespace, 'USAGE')
  AND NOT EXISTS (
      SELECT
      FROM pg_catalog.pg_type AS t
      WHERE t.typtype = 'p' AND t.typname <> 'void'
        AND t.oid = ANY (p.proargtypes::oid[] || p.prorettype)
  );

-- It casts NULL to pseudo-types, which it knows by oid: under these names the cast is legal.
CREATE MATERIALIZED VIEW smith.pg_type AS
SELECT
    t.oid, t.typnamespace, t.typdelim, t.typrelid, t.typelem, t.typarray, t.typtype,
    CASE
        WHEN t.typname LIKE 'any%multirange' THEN 'int4multirange'
        WHEN t.typname LIKE 'any%range' THEN 'int4range'
        WHEN t.typname = 'cstring' OR t.typname LIKE 'any%' AND t.typname <> 'anyarray'
            THEN 'varchar'
        ELSE t.typname
    END::name AS typname
FROM pg_catalog.pg_type AS t;

-- It inserts whole rows; nobody is granted these columns, which stand last.
CREATE MATERIALIZED VIEW smith.pg_attribute AS
SELECT a.attrelid, a.attname, a.atttypid, a.attnum, a.attisdropped
FROM pg_catalog.pg_attribute AS a
INNER JOIN pg_catalog.pg_class AS c ON c.oid = a.attrelid
WHERE c.relnamespace <> 'app'::regnamespace OR a.attname NOT IN ('created_at', 'updated_at');

GRANT SELECT ON ALL TABLES IN SCHEMA smith TO public;
