"""PostgreSQL stopped, killed, frozen or restarted."""

import signal
import time

import pytest

SHORT = 1  # second; requests wait longer for PostgreSQL


def test_immediate_stop(two_services, under_load):
    def stop(load):
        two_services.postgresql.stop(signal.SIGQUIT)
        load.wait_for_refusal()
        two_services.postgresql.start()

    under_load(two_services, "PostgreSQL stopped at once", 20, stop)


@pytest.mark.at_length
def test_kill(two_services, under_load):
    def kill(load):
        two_services.postgresql.kill()
        load.wait_for_refusal()
        two_services.postgresql.start()

    under_load(two_services, "PostgreSQL killed", 5, kill)


def test_freeze(two_services, under_load):
    def freeze(load):
        two_services.postgresql.freeze()
        load.wait_for_refusal()
        two_services.postgresql.thaw()

    under_load(two_services, "PostgreSQL frozen", 5, freeze)


def test_restart(two_services, under_load, note):
    """Reads do not fail during a restart that is shorter than a request's wait."""
    took = []

    def restart(_load):
        began = time.monotonic()
        two_services.postgresql.stop()
        two_services.postgresql.start()
        took.append(time.monotonic() - began)

    row = under_load(two_services, "PostgreSQL restarted", 5, restart)
    note(f"PostgreSQL's restarts took {', '.join(f'{seconds:.1f}' for seconds in took)} s")
    if max(took) < SHORT:
        assert row.anonymous + row.signed_in == 0
