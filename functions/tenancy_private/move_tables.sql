-- tenancy_private.move_tables(p_tenant_id, p_placement): copy parents first, delete children first.
--
-- Tests:       tests/functions/tenancy/test_move_tenant.py

CREATE OR REPLACE FUNCTION tenancy_private.move_tables(p_tenant_id uuid, p_placement text)
RETURNS TABLE (resource text, rows bigint)
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_step record;
    v_from name := CASE p_placement WHEN 'dedicated' THEN 'app'
        ELSE tenancy_private.own_schema_of(p_tenant_id) END;
    v_to name := CASE p_placement WHEN 'shared' THEN 'app'
        ELSE tenancy_private.own_schema_of(p_tenant_id) END;
    v_done regclass[] := '{}';
BEGIN
    PERFORM tenancy_private.sign_context(
        p_tenant_id, NULL, 'operator', '{"purpose": "move"}', true
    );
    FOR v_step IN
        SELECT o.relation, t.table_name, u.relation AS target
        FROM tenancy.table_order(true) AS o
        INNER JOIN tenancy_private.cloned_table(v_from) AS t ON o.relation = t.relation
        INNER JOIN tenancy_private.cloned_table(v_to) AS u ON t.table_name = u.table_name
        ORDER BY o.place DESC, t.table_name
    LOOP
        resource := 'app.' || v_step.table_name;
        rows := app.move_rows(v_step.relation, v_step.target);
        v_done := v_step.relation || v_done;
        RETURN NEXT;
    END LOOP;

    PERFORM FROM unnest(v_done) WITH ORDINALITY AS d (relation, place)
    CROSS JOIN LATERAL app.delete_rows(ARRAY[d.relation], NULL);
    IF p_placement = 'shared' THEN
        PERFORM app.drop_schema(p_tenant_id);
        DELETE FROM tenancy_private.tenant_schema AS s WHERE s.tenant_id = p_tenant_id;
    END IF;

    UPDATE tenancy_private.tenant SET placement = p_placement WHERE id = p_tenant_id;
    PERFORM tenancy_private.forget_context();
END;
$function$;

COMMENT ON FUNCTION tenancy_private.move_tables(uuid, text) IS
'Enter the tenant as a job, move its rows between app and its own schema, and leave; the rows per table.';

ALTER FUNCTION tenancy_private.move_tables(uuid, text) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy_private.move_tables(uuid, text) FROM public;
