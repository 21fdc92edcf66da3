-- tenancy.table_order(p_deferred): every table that holds rows of tenants, children first.
--
-- Where:       the shared tables, and those of the own schema of the tenant in context.
-- Kind:        registered, kernel (ours), kept, or unreachable: a table with tenant_id that no job
--              may read. A restrictive policy of a team would hide rows, so it counts as that too.
-- Cycle:       tables that reference each other go in one statement. With p_deferred, foreign keys
--              that are checked at COMMIT do not count.
-- Tests:       tests/functions/tenancy/test_purge.py

CREATE OR REPLACE FUNCTION tenancy.table_order(p_deferred boolean DEFAULT false)
RETURNS TABLE (relation regclass, place integer, is_cycle boolean, kind text)
LANGUAGE plpgsql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_left regclass[] := ARRAY(SELECT t.relation FROM tenancy_private.tenant_table() AS t);
    v_free regclass[];
BEGIN
    place := 0;
    WHILE cardinality(v_left) > 0 LOOP
        place := place + 1;
        v_free := ARRAY(
            SELECT f.relation
            FROM unnest(v_left) AS f (relation)
            WHERE NOT EXISTS (
                SELECT
                FROM pg_constraint AS k
                WHERE k.contype = 'f' AND k.confrelid = f.relation
                  AND k.conrelid <> f.relation AND k.conrelid = ANY (v_left)
                  AND NOT (p_deferred AND k.condeferrable)
            )
        );
        is_cycle := cardinality(v_free) = 0;
        IF is_cycle THEN
            v_free := v_left;
        END IF;
        FOR relation, kind IN
            SELECT t.relation, t.kind
            FROM tenancy_private.tenant_table() AS t
            WHERE t.relation = ANY (v_free)
            ORDER BY t.relation::text
        LOOP
            RETURN NEXT;
        END LOOP;
        v_left := ARRAY(
            SELECT l.relation FROM unnest(v_left) AS l (relation) WHERE l.relation <> ALL (v_free)
        );
    END LOOP;
END;
$function$;

COMMENT ON FUNCTION tenancy.table_order(boolean) IS
'Tables with a tenant_id: what they are, and the order in which rows may be deleted.';

ALTER FUNCTION tenancy.table_order(boolean) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy.table_order(boolean) FROM public;
GRANT EXECUTE ON FUNCTION tenancy.table_order(boolean)
TO tenancy_operator, pg_database_owner;
