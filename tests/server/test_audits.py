"""GraphQL over HTTP, by the audits of the npm package graphql-http."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

NODE = Path(__file__).parent.parent / "node"
AUDITS = 61


def test_every_audit_is_ok(cast, server, report):
    node = shutil.which("node", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    if not (node and (NODE / "node_modules").is_dir()):
        pytest.fail("Node's packages are not here: `make test` brings them.")
    command = [node, NODE / "audits.mjs", f"{server}/graphql/", cast.token("member")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    audits = done.stdout.splitlines()
    report(f"{sum(line.startswith('ok |') for line in audits)} of {len(audits)} audits are ok")
    assert [line for line in audits if not line.startswith("ok |")] == []
    assert len(audits) == AUDITS
