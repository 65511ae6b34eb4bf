"""compose.yaml and the Dockerfile, validated by tools that know their formats."""

import json
import shutil
import subprocess

import pytest
import yaml

from tests.server.conftest import ROOT
from tests.server.test_variables import variables

FILLED_IN = {"SECRET_KEY": "s", "JWT_KEYS": "k=j", "ALLOWED_HOSTS": "profiles.example.com", "POSTGRES_PASSWORD": "p"}


@pytest.fixture
def config(tool, tmp_path):
    """Read compose.yaml with docker-compose, beside a `.env` with these variables."""
    for name in ("compose.yaml", ".env.example"):
        shutil.copy(ROOT / name, tmp_path)

    def read(environment):
        (tmp_path / ".env").write_text("".join(f"{name}={value}\n" for name, value in environment.items()))
        command = [tool("docker-compose"), "--file", "compose.yaml", "config"]
        return subprocess.run(command, cwd=tmp_path, env={}, capture_output=True, text=True, check=False)

    return read


def test_compose_starts_nothing_without_its_variables(config):
    assert set(variables(".env.example")) == FILLED_IN.keys()
    for name in FILLED_IN:
        done = config(FILLED_IN | {name: ""})
        assert done.returncode != 0
        assert "Fill in .env" in done.stderr


def test_compose_gives_each_service_what_it_needs(config):
    done = config(FILLED_IN | {"READ_LIMIT": "10 per minute"})
    services = yaml.safe_load(done.stdout)["services"]
    own = services.keys() & {"migrate", "web", "mail"}  # docker-compose 1 also lists services of inactive profiles
    assert services.keys() - {"mail"} == {"migrate", "web", "caddy", "postgresql", "redis"}
    for name in own:
        assert services[name]["environment"]["READ_LIMIT"] == "10 per minute"
        assert services[name]["read_only"]
    assert [name for name, each in services.items() if "ports" in each] == ["caddy"]
    assert all(":" in each["image"] and not each["image"].endswith(":latest") for each in services.values())


def test_compose_runs_the_worker_of_mail_where_it_is_to(config):
    mail = {"EMAIL_URL": "smtp+tls://smtp.example.com:587", "COMPOSE_PROFILES": "mail"}
    done = config(FILLED_IN | mail)
    worker = yaml.safe_load(done.stdout)["services"]["mail"]
    assert worker["command"] == ["python", "manage.py", "mail"]
    assert worker["environment"]["EMAIL_URL"] == mail["EMAIL_URL"]
    assert worker["networks"].keys() == {"outgoing", "stores"}


def test_hadolint_finds_nothing_in_the_dockerfile(tool):
    command = [tool("hadolint"), "--format", "json", "Dockerfile"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert json.loads(done.stdout) == []
