-- sql/triggers/tenancy_private/tenant_status_log.sql

CREATE OR REPLACE TRIGGER _100_append_only
BEFORE UPDATE OR DELETE ON tenancy_private.tenant_status_log
FOR EACH ROW EXECUTE FUNCTION tenancy_private.tg_append_only();

CREATE OR REPLACE TRIGGER _101_append_only
BEFORE TRUNCATE ON tenancy_private.tenant_status_log
FOR EACH STATEMENT EXECUTE FUNCTION tenancy_private.tg_append_only();
