-- Subdomains that no tenant gets: the platform's own, and those that people take for it.

INSERT INTO tenancy_private.taken_slug (skeleton, slug)
SELECT
    tenancy_private.slug_skeleton(s.slug) AS skeleton,
    min(s.slug) AS slug
FROM unnest(ARRAY[
    'about', 'account', 'accounts', 'admin', 'administrator', 'api', 'app', 'apps', 'assets',
    'auth', 'beta', 'billing', 'blog', 'cdn', 'console', 'dashboard', 'demo', 'dev', 'docs',
    'download', 'email', 'engageos', 'ftp', 'git', 'help', 'hostmaster', 'imap', 'internal',
    'legal', 'login',
    'mail', 'media', 'mx', 'news', 'ns', 'ns1', 'ns2', 'oauth', 'pay', 'payment', 'payments', 'pop',
    'postmaster', 'privacy', 'prod', 'register', 'root', 'sandbox', 'secure', 'security', 'signup',
    'smtp', 'sso', 'staging', 'static', 'status', 'support', 'test', 'upload', 'uploads', 'webhook',
    'webhooks', 'webmail', 'www', 'www1', 'www2'
]) AS s (slug)
GROUP BY tenancy_private.slug_skeleton(s.slug)
ON CONFLICT (skeleton) DO NOTHING;
