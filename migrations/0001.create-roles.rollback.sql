-- Roles are cluster-wide and may serve another database: they stay.

DO $database$
BEGIN
    EXECUTE pg_catalog.format(
        'REVOKE CONNECT ON DATABASE %I FROM tenancy_gateway, tenancy_console, tenancy_operator',
        pg_catalog.current_database()
    );
    EXECUTE pg_catalog.format(
        'GRANT CONNECT, TEMPORARY ON DATABASE %I TO PUBLIC', pg_catalog.current_database()
    );
END;
$database$;
