-- id: DEF-02
-- title: Any private function, were the schema opened by mistake
-- attacker: login
-- expect: blocked
-- answer: 42501
-- wins: any
-- objects: tenancy_private.context_mac tenancy_private.sign_context tenancy_private.find_tenant tenancy_private.verify_jwt tenancy_private.identify_api_key tenancy_private.identify_jwt tenancy_private.identify_ticket tenancy_private.may_enter tenancy_private.may_administer tenancy_private.verified_context tenancy_private.context_in_force tenancy_private.hmac_pads tenancy_private.random_secret tenancy_private.transaction_tag tenancy_private.request_credential tenancy_private.begin_maintenance tenancy_private.end_maintenance tenancy_private.decode_base64url
-- why: Two locks: USAGE on the schema and EXECUTE on each function. This one gives the first away.

-- @dba
-- ours
GRANT USAGE ON SCHEMA tenancy_private TO {app_role}, tenancy_gateway;
-- naive
SELECT 1;
-- @app
-- ours
-- try
SELECT tenancy_private.context_mac('0001', 'x');
-- ours
-- try
SELECT tenancy_private.sign_context('{b}', NULL, 'manager', '{}', true);
-- ours
-- try
SELECT tenancy_private.find_tenant('{b_slug}');
-- ours
-- try
SELECT tenancy_private.verify_jwt('{jwt_good}');
-- ours
-- try
SELECT tenancy_private.identify_api_key('x');
-- ours
-- try
SELECT tenancy_private.identify_jwt('x', '{}');
-- ours
-- try
SELECT tenancy_private.identify_ticket('x');
-- ours
-- try
SELECT tenancy_private.may_enter('{b}', '{}');
-- ours
-- try
SELECT tenancy_private.may_administer('{b}');
-- ours
-- try
SELECT tenancy_private.verified_context();
-- ours
-- try
SELECT tenancy_private.context_in_force();
-- ours
-- try
SELECT tenancy_private.hmac_pads('\x00');
-- ours
-- try
SELECT tenancy_private.random_secret('x');
-- ours
-- try
SELECT tenancy_private.transaction_tag();
-- ours
-- try
SELECT tenancy_private.request_credential();
-- ours
-- try
SELECT tenancy_private.decode_base64url('eA');
-- ours
-- try
SELECT tenancy_private.begin_maintenance('tenancy.region');
-- ours
-- try
SELECT tenancy_private.end_maintenance('tenancy.region');
-- naive
SELECT public.sign_webhook('forged');
