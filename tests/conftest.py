"""Fixtures, in small named plugins."""

pytest_plugins = ["tests.fix_server", "tests.fix_tenants", "tests.fix_archives", "tenancy.pgtap"]
