-- Export and purge reach every table with a tenant_id: what they miss stays behind, silently.
-- Needs: the registry
-- Remedy: SELECT tenancy.protect_table(…) as its owner, or list it in tenancy.kept_table.

SELECT o.relation::text AS object
FROM tenancy.table_order() AS o
WHERE o.kind = 'unreachable';
