-- sql/triggers/app/settings.sql

CREATE OR REPLACE TRIGGER _100_keep_identity
BEFORE UPDATE ON app.settings
FOR EACH ROW EXECUTE FUNCTION tenancy.tg_keep_identity();

CREATE OR REPLACE TRIGGER _200_touch
BEFORE UPDATE ON app.settings
FOR EACH ROW EXECUTE FUNCTION app.tg_touch();

CREATE OR REPLACE TRIGGER _050_lock_usage
BEFORE INSERT OR UPDATE OF time_zone ON app.settings
FOR EACH STATEMENT EXECUTE FUNCTION tenancy.tg_lock_usage();

CREATE OR REPLACE TRIGGER _400_note_time_zone
AFTER INSERT OR UPDATE OF time_zone ON app.settings
FOR EACH ROW EXECUTE FUNCTION tenancy.tg_note_time_zone();

CREATE OR REPLACE TRIGGER _010_refuse_misplaced
BEFORE INSERT ON app.settings
FOR EACH STATEMENT EXECUTE FUNCTION tenancy.tg_refuse_misplaced();
