"""tenancy.enter_system(): a job enters one tenant for one transaction."""

import uuid

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from tests.fix_tenants import refused


@pytest.fixture
def operator(database):
    with psycopg.connect(make_conninfo(database, user="tenancy_operator")) as conn:
        yield conn
        conn.rollback()


def test_a_job_is_inside_the_tenant_and_reads_nothing_by_itself(diner, operator):
    operator.execute("SELECT tenancy.enter_system(%s, 'retention')", [diner.id])
    now = operator.execute("SELECT tenancy.tenant_id(), tenancy.actor_role(), tenancy.actor_id()")
    assert now.fetchone() == (diner.id, "operator", None)
    with refused("42501"):
        operator.execute("SELECT id FROM app.orders")


def test_jobs_run_for_suspended_tenants_too(diner, operator, dba):
    dba.execute("UPDATE tenancy_private.tenant SET status = 'suspended'")
    operator.execute("SELECT tenancy.enter_system(%s, 'retention')", [diner.id])


def test_an_unknown_tenant_is_not_found_TN001(operator):
    with refused("TN001"):
        operator.execute("SELECT tenancy.enter_system(%s, 'retention')", [uuid.uuid4()])


@pytest.mark.parametrize("purpose", [None, "", "  ", "x", "x" * 201])
def test_a_job_has_a_purpose_TN004(diner, operator, purpose):
    with refused("TN004"):
        operator.execute("SELECT tenancy.enter_system(%s, %s)", [diner.id, purpose])


def test_one_tenant_per_transaction_TN003(diner, spa, operator):
    operator.execute("SELECT tenancy.enter_system(%s, 'retention')", [diner.id])
    with refused("TN003"):
        operator.execute("SELECT tenancy.enter_system(%s, 'retention')", [spa.id])


def test_the_application_cannot_run_jobs_42501(diner, gateway):
    with refused("42501"):
        gateway.execute("SELECT tenancy.enter_system(%s, 'retention')", [diner.id])
