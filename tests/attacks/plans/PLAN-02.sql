-- id: PLAN-02
-- title: A generic plan of a parametrised statement, executed by another tenant
-- attacker: user
-- expect: blocked
-- answer: nothing
-- wins: canary
-- objects: tenancy.tenant_id app.survey_responses
-- why: The tenant is a parameter of the plan (an InitPlan), asked at every execution.

-- @next
PREPARE mine (text) AS SELECT metadata FROM app.survey_responses WHERE survey = $1;
SET plan_cache_mode = force_generic_plan;
EXECUTE mine ('nps');
COMMIT;
-- @attacker manager
EXECUTE mine ('nps');
