"""tenancy.uuidv7(): time-ordered ids."""

import time


def test_is_a_version_7_uuid_of_now(dba):
    value = dba.execute("SELECT tenancy.uuidv7()").fetchone()[0]
    assert (value.version, value.variant) == (7, "specified in RFC 4122")
    assert abs((value.int >> 80) / 1000 - time.time()) < 60


def test_is_ordered_by_time_and_never_repeats(dba):
    rows = dba.execute("SELECT tenancy.uuidv7() FROM generate_series(1, 5000)").fetchall()
    stamps = [value.int >> 80 for (value,) in rows]
    assert stamps == sorted(stamps)
    assert len(set(rows)) == 5000
