-- sql/views/api/survey_responses.sql: app.survey_responses for PostgREST.
-- Written by `make policies`. Invoker: wall, doors and grants of the table hold.

CREATE OR REPLACE VIEW api.survey_responses
WITH (security_invoker = true, security_barrier = true) AS
SELECT
    tenant_id,
    id,
    customer_id,
    survey,
    score,
    answers,
    comment,
    submitted_at,
    metadata,
    created_at,
    updated_at
FROM app.survey_responses;

COMMENT ON VIEW api.survey_responses IS
'app.survey_responses as PostgREST serves it.';

COMMENT ON COLUMN api.survey_responses.tenant_id IS 'Tenant: proven by the context.';
COMMENT ON COLUMN api.survey_responses.id IS 'Time-ordered id, unique inside the tenant.';
COMMENT ON COLUMN api.survey_responses.customer_id IS 'Who answered; NULL for anonymous.';
COMMENT ON COLUMN api.survey_responses.survey IS 'Name of the survey.';
COMMENT ON COLUMN api.survey_responses.score IS 'Would recommend, 0 to 10.';
COMMENT ON COLUMN api.survey_responses.answers IS 'Answers by question.';
COMMENT ON COLUMN api.survey_responses.comment IS 'In their own words.';
COMMENT ON COLUMN api.survey_responses.submitted_at IS 'When it was sent.';
COMMENT ON COLUMN api.survey_responses.metadata IS 'Free fields of the tenant''s own systems.';
COMMENT ON COLUMN api.survey_responses.created_at IS 'When the row was made.';
COMMENT ON COLUMN api.survey_responses.updated_at IS 'When it last changed; kept by a trigger.';

ALTER VIEW api.survey_responses OWNER TO tenancy_owner;

REVOKE ALL ON api.survey_responses
FROM public, tenancy_customer, tenancy_staff, tenancy_manager, tenancy_admin, tenancy_operator;

GRANT DELETE ON api.survey_responses TO tenancy_customer, tenancy_manager, tenancy_admin;

GRANT INSERT (
    tenant_id,
    id,
    customer_id,
    survey,
    score,
    answers,
    comment,
    submitted_at,
    metadata
) ON api.survey_responses
TO tenancy_customer, tenancy_staff, tenancy_manager, tenancy_admin;

GRANT SELECT (
    tenant_id,
    id,
    customer_id,
    survey,
    score,
    answers,
    comment,
    submitted_at,
    metadata,
    created_at,
    updated_at
) ON api.survey_responses
TO tenancy_customer, tenancy_staff, tenancy_manager, tenancy_admin;

GRANT UPDATE (
    id,
    customer_id,
    survey,
    score,
    answers,
    comment,
    submitted_at,
    metadata
) ON api.survey_responses
TO tenancy_customer, tenancy_staff, tenancy_manager, tenancy_admin;
