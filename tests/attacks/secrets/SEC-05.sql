-- id: SEC-05
-- title: The text of an error repeats the credential
-- attacker: user
-- expect: blocked
-- answer: TN001
-- wins: ~ sk_live_mistyped
-- objects: tenancy.mint_context
-- why: Errors are logged, sent to trackers and shown to users.

-- @login
-- ours
SELECT tenancy.enter('sk_live_mistyped');
-- naive
SELECT public.validate_key('sk_live_mistyped');
