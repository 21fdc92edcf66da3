-- tenancy_private.structure_kind(): how each part of a table is undone, made and changed, and when.
--
-- Arguments:   of format(): 1 table, 2 name, 3 definition, 4 and 5 privilege and role, 6 schema,
--              7 what a comment is on, 8 the table's name alone.
-- NULL:        as change: undo, then make.
-- Tests:       tests/functions/tenancy/test_own_schema.py

CREATE OR REPLACE FUNCTION tenancy_private.structure_kind()
RETURNS TABLE (kind text, undo_at integer, make_at integer, undo text, make text, change text)
LANGUAGE sql
IMMUTABLE
SECURITY DEFINER
ROWS 15
SET search_path = pg_catalog, pg_temp
AS $function$
    VALUES
    ('table', 0, 10, NULL, 'CREATE TABLE %1$s (LIKE app.%8$I INCLUDING DEFAULTS INCLUDING GENERATED '
        'INCLUDING IDENTITY INCLUDING STORAGE INCLUDING COMPRESSION INCLUDING COMMENTS)', NULL),
    ('column', 5, 11, 'ALTER TABLE %1$s DROP COLUMN %2$I', 'ALTER TABLE %1$s ADD COLUMN %2$I %3$s',
        'ALTER TABLE %1$s ALTER COLUMN %2$I TYPE %3$s'),
    ('default', 4, 12, 'ALTER TABLE %1$s ALTER COLUMN %2$I DROP DEFAULT',
        'ALTER TABLE %1$s ALTER COLUMN %2$I SET DEFAULT %3$s', ''),
    ('not null', 4, 13, 'ALTER TABLE %1$s ALTER COLUMN %2$I DROP NOT NULL',
        'ALTER TABLE %1$s ALTER COLUMN %2$I SET NOT NULL', NULL),
    ('key', 3, 14, 'ALTER TABLE %1$s DROP CONSTRAINT %2$I',
        'ALTER TABLE %1$s ADD CONSTRAINT %2$I %3$s', NULL),
    ('check', 3, 14, 'ALTER TABLE %1$s DROP CONSTRAINT %2$I',
        'ALTER TABLE %1$s ADD CONSTRAINT %2$I %3$s', NULL),
    ('index', 3, 14, 'DROP INDEX %6$I.%2$I', '%3$s', NULL),
    ('foreign key', 2, 15, 'ALTER TABLE %1$s DROP CONSTRAINT %2$I',
        'ALTER TABLE %1$s ADD CONSTRAINT %2$I %3$s', NULL),
    ('trigger', 1, 16, 'DROP TRIGGER %2$I ON %1$s', '%3$s', NULL),
    ('trigger state', 1, 17, 'ALTER TABLE %1$s ENABLE TRIGGER %2$I',
        'ALTER TABLE %1$s %3$s TRIGGER %2$I', NULL),
    ('row security', 9, 17, 'ALTER TABLE %1$s NO %3$s', 'ALTER TABLE %1$s %3$s', NULL),
    ('policy', 1, 17, 'DROP POLICY %2$I ON %1$s', 'CREATE POLICY %2$I ON %1$s %3$s', NULL),
    ('grant', 1, 18, 'REVOKE %4$s ON %1$s FROM %5$s', 'GRANT %4$s ON %1$s TO %5$s', NULL),
    ('column grant', 1, 18, 'REVOKE %4$s ON %1$s FROM %5$s', 'GRANT %4$s (%3$s) ON %1$s TO %5$s',
        NULL),
    ('comment', 9, 19, 'COMMENT ON %7$s IS NULL', 'COMMENT ON %7$s IS %3$s', '');
$function$;

COMMENT ON FUNCTION tenancy_private.structure_kind() IS
'Formats and order of the statements that bring a cloned table up to date; an empty change is made like anew.';

ALTER FUNCTION tenancy_private.structure_kind() OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy_private.structure_kind() FROM public;
