"""A drill: restore PostgreSQL to a point in time, with pgBackRest and the configuration in server/deploy."""

import os
import pwd
import secrets
import shutil
import socket
import subprocess
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

import pytest
from django.core.management import call_command
from django.db import connection

from profiles.management.commands.demo import made_up
from profiles.models import Profile
from tests.cast import FIELDS, Cast
from tests.server.conftest import MOST_SECONDS, ROOT
from tests.server.contents import SEQUENCES, everything

STANZA = "profiles"
BEFORE_THE_BACKUP = 300  # profiles
SETTINGS = """
archive_mode = on
archive_command = 'pgbackrest --config={folder}/pgbackrest.conf --stanza={stanza} archive-push %p'
listen_addresses = '127.0.0.1'
unix_socket_directories = '{folder}'
port = {port}
"""


def program(name):
    """The path of a PostgreSQL program: Debian has a folder for each version's server programs."""
    newest = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), key=lambda path: int(path.parts[4]))
    return shutil.which(name) or (str(newest[-1]) if newest else None)


class Cluster:
    """A PostgreSQL server with its pgBackRest. Neither runs as root."""

    def __init__(self, folder):
        self.folder, self.data = folder, folder / "data"
        with socket.create_server(("127.0.0.1", 0)) as listener:
            self.port = listener.getsockname()[1]
        own = {"REPO1_PATH": "repo", "PG1_PATH": "data", "PG1_SOCKET_PATH": "", "LOG_PATH": "log", "LOCK_PATH": "lock"}
        self.environment = {f"PGBACKREST_{name}": str(folder / path) for name, path in own.items()} | {
            "PGBACKREST_PG1_PORT": str(self.port),
            "PGBACKREST_REPO1_CIPHER_PASS": secrets.token_urlsafe(48),
            "PATH": os.environ["PATH"],
            "LC_ALL": "C.UTF-8",
        }

    def run(self, *command):
        as_postgres = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"] if os.geteuid() == 0 else []
        done = subprocess.run(
            [*as_postgres, *map(str, command)],
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, (command, done.stdout)

    def create(self):
        self.run(program("initdb"), "--auth=trust", "--username=postgres", "--no-sync", "--pgdata", self.data)
        with (self.data / "postgresql.conf").open("a") as file:
            file.write(SETTINGS.format(folder=self.folder, stanza=STANZA, port=self.port))

    def start(self):
        log = self.folder / "server.log"
        self.run(program("pg_ctl"), "--pgdata", self.data, "--wait", "--silent", "--log", log, "start")

    def stop(self, mode="fast"):
        self.run(program("pg_ctl"), "--pgdata", self.data, "--wait", "--silent", "--mode", mode, "stop")

    def pgbackrest(self, *arguments):
        self.run("pgbackrest", f"--config={self.folder / 'pgbackrest.conf'}", f"--stanza={STANZA}", *arguments)


@pytest.fixture
def cluster(request):
    if connection.vendor != "postgresql":
        pytest.skip("PostgreSQL's alone")
    if missing := [name for name in ("pgbackrest", "initdb") if not program(name)]:
        (pytest.fail if request.config.getoption("--required") else pytest.skip)(f"not installed: {missing}")
    folder = Path(tempfile.mkdtemp(prefix="point-in-time-"))  # another user can enter it, unlike tmp_path
    shutil.copy(ROOT / "server" / "deploy" / "pgbackrest.conf", folder)
    if os.geteuid() == 0:
        owner = pwd.getpwnam("postgres")
        for path in (folder, folder / "pgbackrest.conf"):
            os.chown(path, owner.pw_uid, owner.pw_gid)
    own = Cluster(folder)
    try:
        own.create()
        own.start()
        yield own
        own.stop("immediate")
    finally:
        shutil.rmtree(folder)


@pytest.fixture
def own_database(cluster, django_db_setup, django_db_blocker):
    """Let Django use the cluster's database during the test."""
    settings = connection.settings_dict
    former = dict(settings)
    with django_db_blocker.unblock():
        connection.close()
        settings.update(HOST="127.0.0.1", PORT=str(cluster.port), NAME="postgres", USER="postgres", PASSWORD="")
        yield
        connection.close()
        settings.update(former)


def moment():
    """The database's time, between two transactions."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()::text")
        return cursor.fetchone()[0]


@contextmanager
def stopped(cluster):
    connection.close()
    cluster.stop()
    yield
    cluster.start()


def wait_for_the_next_second():
    with connection.cursor() as cursor:
        cursor.execute("SELECT date_trunc('second', clock_timestamp()) + interval '1 second'")
        wait_until_true("SELECT clock_timestamp() >= %s", *cursor.fetchone())


def wait_until_true(sql, *values):
    until = time.monotonic() + MOST_SECONDS
    while time.monotonic() < until:
        with connection.cursor() as cursor:
            cursor.execute(sql, values)
            if cursor.fetchone() == (True,):
                return
    pytest.fail(f"still not true: {sql}")


def rows_of(database):
    """The database's content without the sequences' values, because PostgreSQL may skip some in a recovery."""
    return {name: found for name, found in everything(database).items() if name != SEQUENCES}


def test_the_database_as_of_a_moment_before_a_mistake(cluster, own_database, report):
    call_command("migrate", verbosity=0)
    Profile.objects.bulk_create(made_up(BEFORE_THE_BACKUP))
    cluster.pgbackrest("stanza-create")
    cluster.pgbackrest("--type=full", "backup")
    wait_for_the_next_second()  # pgBackRest needs a target later than the second of the backup's end
    Cast()  # rows written after the backup are only in the archived log
    before, target = rows_of(connection), moment()
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE profiles_profile CASCADE")
    assert not Profile.objects.exists()
    cluster.pgbackrest("check")  # archives the log

    with stopped(cluster):
        cluster.pgbackrest("--delta", "--type=time", f"--target={target}", "--target-action=promote", "restore")
    wait_until_true("SELECT NOT pg_is_in_recovery()")
    assert rows_of(connection) == before
    assert Profile.objects.count() == BEFORE_THE_BACKUP + len(FIELDS)
    report(f"{sum(found.total() for found in before.values())} rows are as they were at {target}")
