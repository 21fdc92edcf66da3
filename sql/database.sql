-- Who may connect to this database. PUBLIC loses CONNECT and TEMPORARY: a temporary table, view or
-- domain of one client would be found first by the next one on a pooled connection.
-- Run it again on a copy: CREATE DATABASE … TEMPLATE does not copy these rights.

DO $database$
BEGIN
    EXECUTE pg_catalog.format(
        'REVOKE ALL ON DATABASE %I FROM PUBLIC', pg_catalog.current_database()
    );
    EXECUTE pg_catalog.format(
        'GRANT CONNECT ON DATABASE %I TO tenancy_gateway, tenancy_console, tenancy_operator',
        pg_catalog.current_database()
    );
    EXECUTE pg_catalog.format( -- tenants' own schemas
        'GRANT CREATE ON DATABASE %I TO tenancy_owner', pg_catalog.current_database()
    );
END;
$database$;
