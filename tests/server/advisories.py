"""`make audit` fails for a known vulnerability, and reports an unreachable registry as skipped.

`make check` runs these tests, because they need the programs that `make audit` installs.
"""

import json
import os
import subprocess
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from tests.server.conftest import ROOT

MOST_SECONDS = 300
FOUND = {
    "osv": {"vulns": [{"id": "PYSEC-2026-1", "summary": "A test's.", "details": "A test's.", "affected": []}]},
    "npm": {
        "react": [
            {
                "id": 1,
                "url": "https://example.com/1",
                "title": "A test's.",
                "severity": "high",
                "vulnerable_versions": "*",
            }
        ]
    },
}


@contextmanager
def registry(**answers):
    """A registry with these answers to requests of `osv` and `npm`; 405 without an answer."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            self.rfile.read(int(self.headers["content-length"]))
            answer = answers.get("npm" if self.path.startswith("/-/npm/") else "osv")
            body = json.dumps(answer).encode()
            self.send_response(405 if answer is None else 200)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_GET(self):
            self.send_error(404)

        def log_message(self, *arguments):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def audit(address, tmp_path):
    environment = os.environ | {
        "OSV_URL": f"{address}/osv",
        "npm_config_registry": address,
        "npm_config_cache": str(tmp_path / "npm"),
        "npm_config_fetch_retries": "0",
        "PIP_NO_CACHE_DIR": "1",
    }
    return subprocess.run(
        [ROOT / ".ci" / "audit"], env=environment, capture_output=True, text=True, timeout=MOST_SECONDS, check=False
    )


@pytest.mark.parametrize("where", ["osv", "npm"])
def test_a_vulnerability_fails(where, tmp_path):
    with registry(**{"osv": {}, "npm": {}} | {where: FOUND[where]}) as address:
        done = audit(address, tmp_path)
    assert done.returncode == 1, done.stdout + done.stderr
    assert {"osv": "PYSEC-2026-1", "npm": "A test's."}[where] in done.stdout
    assert "SKIPPED" not in done.stdout


def test_none_passes(tmp_path):
    with registry(osv={}, npm={}) as address:
        done = audit(address, tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "SKIPPED" not in done.stdout


def test_no_answer_is_skipped(tmp_path):
    with registry() as address:
        done = audit(address, tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("SKIPPED") == 3
