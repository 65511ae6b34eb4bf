"""Probes, as load balancers send them: to an IP address, over plain http."""

import os
import subprocess
import sys

import httpx
import pytest
from django.db import OperationalError

from server.edge import probes
from tests.server.conftest import ROOT, serving

PATHS = ("/livez", "/readyz")


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("host", ["10.0.0.7:8000", "evil.example", ""])
def test_a_process_that_serves(db, client, path, host):
    answer = client.get(path, headers={"host": host}, secure=False)
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})
    assert answer["Cache-Control"] == "no-store"
    assert "RateLimit" not in answer


def test_a_path_that_only_begins_so_is_another(db, client):
    assert client.get("/livez/x").status_code == 404


def test_a_database_that_does_not_answer(tmp_path, free_tcp_port):
    url = f"postgres://postgres@127.0.0.1:{free_tcp_port}/nothing"
    log = tmp_path / "log"
    with serving(log, DATABASE_URL=url) as address:
        assert [httpx.get(address + path).status_code for path in PATHS] == [200, 503]
        assert httpx.get(f"{address}/readyz").json() == {"status": "unavailable"}
    assert "Not ready: the database does not answer (OperationalError)" in log.read_text()


def test_a_database_without_its_migrations(tmp_path):
    environment = {"DATABASE_URL": f"sqlite:///{tmp_path}/new.sqlite3"}
    with serving(tmp_path / "log", **environment) as address:
        assert httpx.get(f"{address}/readyz").status_code == 503
        command = [sys.executable, "manage.py", "migrate", "--verbosity", "0"]
        subprocess.run(command, cwd=ROOT, env=os.environ | environment, check=True)
        statuses = iter(lambda: httpx.get(f"{address}/readyz").status_code, 200)  # checked once a second
        assert set(statuses) <= {503}
    assert "lacks migrations" in (tmp_path / "log").read_text()


def test_the_database_is_asked_once_a_second(db, monkeypatch):
    now = [100.0]
    monkeypatch.setattr(probes.time, "monotonic", lambda: now[0])
    readiness = probes.Readiness()
    assert readiness.check()

    class Away:
        def cursor(self):
            raise OperationalError

    monkeypatch.setattr(probes, "connection", Away())
    now[0] += probes.REMEMBERED / 2
    assert readiness.check()
    now[0] += probes.REMEMBERED / 2
    assert not readiness.check()
