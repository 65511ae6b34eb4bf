"""The systemd units, checked by systemd's own tool."""

import subprocess

import pytest

from tests.server.conftest import ROOT

UNITS = ("profiles.service", "profiles-mail.service")
MOST_EXPOSED = 15  # tenths: systemd rates up to 2.0 as safe


@pytest.fixture(params=UNITS)
def unit(request, tmp_path):
    """A unit file, adapted to this checkout."""
    text = (ROOT / "server" / "deploy" / request.param).read_text()
    (tmp_path / request.param).write_text(text.replace("/srv/profiles", str(ROOT)))
    return tmp_path / request.param


def test_systemd_takes_the_unit(tool, unit):
    done = subprocess.run([tool("systemd-analyze"), "verify", unit], capture_output=True, text=True, check=False)
    assert (done.returncode, [line for line in done.stderr.splitlines() if unit.name in line]) == (0, [])


def test_the_service_is_exposed_little(tool, unit):
    command = [tool("systemd-analyze"), "security", "--offline=true", f"--threshold={MOST_EXPOSED}", unit]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
