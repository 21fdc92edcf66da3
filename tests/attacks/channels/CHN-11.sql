-- id: CHN-11
-- title: A leaky function looks below the policy
-- attacker: user
-- expect: blocked
-- answer: nothing
-- wins: canary
-- objects: app.patients
-- why: Conditions that are not leakproof run above the policy. A view as a filter needs security_barrier for that.

-- @builder
CREATE FUNCTION app.leak(text) RETURNS boolean LANGUAGE plpgsql COST 0.0000001 AS $$ BEGIN RAISE NOTICE '%', $1; RETURN true; END $$;
GRANT EXECUTE ON FUNCTION app.leak(text) TO {app_role};
-- naive
CREATE VIEW app.my_patients AS SELECT * FROM app.patients
    WHERE tenant_id = current_setting('app.current_tenant');
-- @inside
-- ours
SELECT 1 FROM app.patients WHERE app.leak(ssn);
-- naive
SELECT 1 FROM app.my_patients WHERE app.leak(ssn);
