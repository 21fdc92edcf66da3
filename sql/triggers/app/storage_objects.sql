-- sql/triggers/app/storage_objects.sql

CREATE OR REPLACE TRIGGER _100_keep_identity
BEFORE UPDATE ON app.storage_objects
FOR EACH ROW EXECUTE FUNCTION tenancy.tg_keep_identity();

CREATE OR REPLACE TRIGGER _200_touch
BEFORE UPDATE ON app.storage_objects
FOR EACH ROW EXECUTE FUNCTION app.tg_touch();

CREATE OR REPLACE TRIGGER _050_lock_usage
BEFORE INSERT OR DELETE OR UPDATE OF size_bytes ON app.storage_objects
FOR EACH STATEMENT EXECUTE FUNCTION tenancy.tg_lock_usage();

CREATE OR REPLACE TRIGGER _400_count_inserted
AFTER INSERT ON app.storage_objects REFERENCING NEW TABLE AS changed
FOR EACH STATEMENT EXECUTE FUNCTION tenancy.tg_count_storage();

CREATE OR REPLACE TRIGGER _400_count_deleted
AFTER DELETE ON app.storage_objects REFERENCING OLD TABLE AS changed
FOR EACH STATEMENT EXECUTE FUNCTION tenancy.tg_count_storage();

CREATE OR REPLACE TRIGGER _400_count_resized
AFTER UPDATE ON app.storage_objects REFERENCING OLD TABLE AS before NEW TABLE AS changed
FOR EACH STATEMENT EXECUTE FUNCTION tenancy.tg_resize_storage();

CREATE OR REPLACE TRIGGER _010_refuse_misplaced
BEFORE INSERT ON app.storage_objects
FOR EACH STATEMENT EXECUTE FUNCTION tenancy.tg_refuse_misplaced();
