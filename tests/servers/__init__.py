"""Tests of servers and of the command."""
