-- sql/triggers/app/pin_comments.sql

CREATE OR REPLACE TRIGGER _100_keep_identity
BEFORE UPDATE ON app.pin_comments
FOR EACH ROW EXECUTE FUNCTION tenancy.tg_keep_identity();

CREATE OR REPLACE TRIGGER _200_touch
BEFORE UPDATE ON app.pin_comments
FOR EACH ROW EXECUTE FUNCTION app.tg_touch();

CREATE OR REPLACE TRIGGER _300_count_pin_comments
AFTER INSERT OR DELETE OR UPDATE OF pin_id ON app.pin_comments
FOR EACH ROW EXECUTE FUNCTION app.tg_count_pin_comments();

CREATE OR REPLACE TRIGGER _010_refuse_misplaced
BEFORE INSERT ON app.pin_comments
FOR EACH STATEMENT EXECUTE FUNCTION tenancy.tg_refuse_misplaced();
