-- id: PLAN-01
-- title: A cached plan serves the tenant it was made for
-- attacker: user
-- expect: blocked
-- answer: nothing
-- wins: canary
-- objects: tenancy.tenant_id app.survey_responses
-- why: tenant_id() is STABLE. Marked IMMUTABLE, as articles recommend, it would be a constant of the plan.

-- @next
PREPARE mine AS SELECT metadata FROM app.survey_responses;
SET plan_cache_mode = force_generic_plan;
EXECUTE mine;
COMMIT;
-- @attacker manager
EXECUTE mine;
