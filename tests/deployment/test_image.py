"""The image: its commands build a service that runs as an unprivileged user and writes only to /tmp."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import httpx
import pytest

from tests.deployment.image import Image
from tests.server.conftest import MOST_SECONDS, ROOT, ServerClient
from tests.server.test_settings import PRODUCTION

SYSTEM_PYTHON = Path("/usr/bin/python3.11")  # any user may execute it


@pytest.fixture(scope="module")
def image():
    with tempfile.TemporaryDirectory(prefix="image-") as work:  # pytest's directory is readable by its owner only
        os.chmod(work, 0o755)  # noqa: S103
        python = Path(work) / "python"
        base = SYSTEM_PYTHON if SYSTEM_PYTHON.exists() else sys.executable
        uv = ROOT / ".venv" / "bin" / "uv"
        subprocess.run([uv, "venv", "--quiet", "--seed", "--python", base, python], check=True)
        yield Image(Path(work), python)


@pytest.fixture
def start(image, tmp_path):
    """Start a command of the image as its user, without any capability."""
    user, group = image.user.split(":")
    home = Path(tempfile.mkdtemp(prefix="database-"))
    shutil.chown(home, int(user), int(group))
    environment = {"DATABASE_URL": f"sqlite:///{home}/db.sqlite3"}
    as_user = ["setpriv", "--reuid", user, "--regid", group, "--clear-groups", "--bounding-set", "-all"]

    def run(command, **more):
        with (tmp_path / "log").open("a") as log:
            return subprocess.Popen(
                [*as_user, "--no-new-privs", *json.loads(command)],
                cwd=image.folder,
                env=environment | image.environment | PRODUCTION | {"ALLOWED_HOSTS": "127.0.0.1", **more},
                stdout=log,
                stderr=log,
            )

    yield run
    shutil.rmtree(home)


def written(folder):
    return {(str(path), path.lstat().st_mtime_ns) for path in folder.rglob("*")}


def test_no_development_package_is_in_it(image):
    python = image.folder / ".venv" / "bin" / "python"
    listed = subprocess.run([python, "-m", "site"], capture_output=True, text=True, check=True)
    assert str(image.folder / ".venv") in listed.stdout
    for package in ("pytest", "mypy", "ruff", "hypothesis"):
        assert subprocess.run([python, "-c", f"import {package}"], capture_output=True, check=False).returncode == 1


def test_what_is_in_it(image):
    names = {path.name for path in image.folder.iterdir()}
    assert names == {
        ".static", ".venv", "graphql_api", "gunicorn.conf.py", "manage.py", "profiles", "pyproject.toml", "server",
        "uv.lock",
    }  # fmt: skip


def test_an_unprivileged_user_serves_it_from_files_that_it_cannot_write(image, start, free_tcp_port, tmp_path):
    def is_healthy():
        check = start(image.check.replace(f":{image.port}/", f":{free_tcp_port}/"))
        return check.wait(MOST_SECONDS) == 0

    before = written(image.folder)
    migrate = start('["python", "manage.py", "migrate", "--no-input"]')
    assert migrate.wait(120) == 0, (tmp_path / "log").read_text()
    service = start(image.command, PORT=str(free_tcp_port))
    try:
        while not is_healthy():
            assert service.poll() is None, (tmp_path / "log").read_text()
        address = f"http://127.0.0.1:{free_tcp_port}"
        page = httpx.get(address, headers=ServerClient.proxied | {"accept": "text/html"}).text
        script = page.partition('src="')[2].partition('"')[0]
        for path in (script, "/guide/"):
            assert httpx.get(address + path, headers=ServerClient.proxied).status_code == 200
    finally:
        service.terminate()
        assert service.wait(MOST_SECONDS) == 0
    assert not is_healthy()
    assert written(image.folder) == before
