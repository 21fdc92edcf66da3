-- tenancy.refuse_obstacles(p_table, p_even_repairable): step of tenancy.protect_table().
--
-- Raises:      TN006 the first obstacle, with its remedy as the hint.
-- Tests:       tests/functions/tenancy/test_protect_table.py

CREATE OR REPLACE FUNCTION tenancy.refuse_obstacles(p_table regclass, p_even_repairable boolean)
RETURNS void
LANGUAGE plpgsql
STABLE
SECURITY INVOKER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_obstacle record;
BEGIN
    SELECT o.obstacle, o.remedy INTO v_obstacle
    FROM tenancy.protection_obstacles(p_table) AS o
    WHERE p_even_repairable OR NOT o.is_repairable
    LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION '% cannot be protected: %', p_table, v_obstacle.obstacle
            USING ERRCODE = 'TN006', HINT = v_obstacle.remedy;
    END IF;
END;
$function$;

COMMENT ON FUNCTION tenancy.refuse_obstacles(regclass, boolean) IS
'Refuse a table that cannot be made safe. Raises TN006.';

ALTER FUNCTION tenancy.refuse_obstacles(regclass, boolean) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy.refuse_obstacles(regclass, boolean) FROM public;
GRANT EXECUTE ON FUNCTION tenancy.refuse_obstacles(regclass, boolean)
TO tenancy_owner, tenancy_builder, pg_database_owner;
