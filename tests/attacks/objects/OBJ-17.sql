-- id: OBJ-17
-- title: A foreign table
-- attacker: user
-- expect: blocked
-- answer: 42501
-- wins: canary
-- only: throwaway
-- objects: app
-- why: Row security does not exist for foreign tables. Ours are granted to nobody by default, and the check names them.

-- @dba
CREATE EXTENSION file_fdw;
CREATE SERVER files FOREIGN DATA WRAPPER file_fdw;
CREATE FOREIGN TABLE app.import (note text) SERVER files OPTIONS (program 'echo {b_mark}');
ALTER FOREIGN TABLE app.import OWNER TO {owner};
-- naive
GRANT ALL ON app.import TO {app_role};
-- @inside
SELECT note FROM app.import;
