-- id: SEC-04
-- title: A secret in a setting of the database
-- attacker: injected
-- expect: blocked
-- answer: nothing
-- wins: rows
-- objects: database
-- why: pg_db_role_setting is readable by all. Keys of ours are rows of a table without a door.

SELECT setconfig FROM pg_db_role_setting AS s JOIN pg_database AS d ON d.oid = s.setdatabase
    WHERE d.datname = current_database()
    AND array_to_string(setconfig, ',') ~* 'secret|_key|password|token';
