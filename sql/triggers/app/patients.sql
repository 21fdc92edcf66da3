-- sql/triggers/app/patients.sql

CREATE OR REPLACE TRIGGER _100_keep_identity
BEFORE UPDATE ON app.patients
FOR EACH ROW EXECUTE FUNCTION tenancy.tg_keep_identity();

CREATE OR REPLACE TRIGGER _200_touch
BEFORE UPDATE ON app.patients
FOR EACH ROW EXECUTE FUNCTION app.tg_touch();

CREATE OR REPLACE TRIGGER _010_refuse_misplaced
BEFORE INSERT ON app.patients
FOR EACH STATEMENT EXECUTE FUNCTION tenancy.tg_refuse_misplaced();
