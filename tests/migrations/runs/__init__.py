"""Runs on databases of an owner who is no superuser."""
