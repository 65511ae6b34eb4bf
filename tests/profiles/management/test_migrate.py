"""`manage.py migrate` with a lock timeout, while other transactions use the tables."""

import sys
import time
from contextlib import closing, contextmanager
from threading import Thread

import pytest
from django.core.management import CommandError, call_command
from django.db import OperationalError, connection

from profiles.management.commands import migrate
from profiles.models import Profile

APP = "messages"  # a Django app without models, so without migrations of its own
MOST_SECONDS = 30
WAITING = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE %s"
ALTER = "migrations.RunSQL('ALTER TABLE profiles_profile ADD COLUMN later integer', {undo!r})"
UNDO = "ALTER TABLE profiles_profile DROP COLUMN later"
CREATE = "migrations.RunSQL('CREATE TABLE later (id integer)', 'DROP TABLE later')"
INDEX = "migrations.RunSQL('CREATE INDEX CONCURRENTLY later ON profiles_export (id)', 'DROP INDEX later')"
MIGRATION = """
from django.db import migrations

class Migration(migrations.Migration):
    atomic = {atomic}
    operations = [{operations}]
"""


@pytest.fixture
def postgresql(transactional_db):
    if connection.vendor != "postgresql":
        pytest.skip("PostgreSQL's alone: SQLite has one writer, and readers never wait")


@pytest.fixture
def migration(postgresql, tmp_path, monkeypatch, settings):
    """Write a migration with these operations. It is reversed after the test."""
    package = f"migrations_of_{tmp_path.name}"
    (tmp_path / package).mkdir()
    (tmp_path / package / "__init__.py").touch()
    monkeypatch.syspath_prepend(tmp_path)
    settings.MIGRATION_MODULES = {APP: package}

    def write(*operations, atomic=True):
        text = MIGRATION.format(atomic=atomic, operations=", ".join(operations))
        (tmp_path / package / "0001_later.py").write_text(text)

    yield write
    call_command("migrate", APP, "zero", verbosity=0)
    for name in [name for name in sys.modules if name.startswith(package)]:
        del sys.modules[name]


@pytest.fixture
def at_once(monkeypatch):
    """Retry without a pause."""
    monkeypatch.setattr(migrate, "PAUSE", 0)


@contextmanager
def another():
    """A second connection, which waits for half a minute at most."""
    with closing(connection.copy()) as other, other.cursor() as cursor:
        cursor.execute("SELECT set_config('statement_timeout', %s, false)", [f"{MOST_SECONDS}s"])
        yield cursor


@contextmanager
def reading():
    """An open transaction that has read the profiles."""
    with another() as cursor:
        cursor.execute("BEGIN")
        cursor.execute("SELECT count(*) FROM profiles_profile")
        yield cursor


class Migrating(Thread):
    """Run the command in a thread; `error` is the exception it raised."""

    def __init__(self, **options):
        super().__init__()
        self.options, self.error = options, None

    def run(self):
        try:
            call_command("migrate", APP, verbosity=0, **self.options)
        except BaseException as error:
            self.error = error
        finally:
            connection.close()


def wait_until_it_waits(cursor, statement):
    """Wait until the migration waits for a lock. A transaction would see the same activity each time."""
    until = time.monotonic() + MOST_SECONDS
    while time.monotonic() < until:
        cursor.execute(WAITING, [f"{statement}%"])
        if cursor.fetchone()[0]:
            return
    pytest.fail("the migration waits for no lock")


@pytest.mark.parametrize("atomic", [True, False])
def test_readers_go_on_beside_a_migration_that_waits(migration, at_once, atomic):
    migration(CREATE, ALTER.format(undo=UNDO), atomic=atomic)
    migrating = Migrating(lock_timeout=0.2, attempts=1_000)
    with reading() as earlier, another() as later:
        migrating.start()
        wait_until_it_waits(later, "ALTER TABLE")
        later.execute("SELECT count(*) FROM profiles_profile")  # would wait without a lock timeout
        assert migrating.is_alive()
        earlier.execute("ROLLBACK")
    migrating.join(MOST_SECONDS)
    assert migrating.error is None
    with connection.cursor() as cursor:
        cursor.execute("SELECT (SELECT count(later) FROM profiles_profile), (SELECT count(*) FROM later)")


def test_it_gives_up_and_says_who_is_in_its_way(migration, at_once, capsys):
    migration(CREATE, ALTER.format(undo=UNDO))
    with reading(), pytest.raises(CommandError, match=r"within 0\.01 s, in 3 attempts(.|\n)*pg_stat_activity"):
        call_command("migrate", APP, verbosity=0, lock_timeout=0.01, attempts=3)
    assert capsys.readouterr().out.count("more attempts") == 2
    assert "later" not in connection.introspection.table_names()
    with connection.cursor() as cursor:
        cursor.execute("SHOW lock_timeout")
        assert cursor.fetchone() == ("0",)


def test_another_error_is_not_tried_again(migration, monkeypatch):
    monkeypatch.setattr(migrate.time, "sleep", lambda seconds: pytest.fail("it tried again"))
    migration("migrations.RunSQL('SET LOCAL statement_timeout = 1; SELECT pg_sleep(10)', '')")
    with pytest.raises(OperationalError, match="statement timeout"):
        call_command("migrate", APP, verbosity=0)


def test_an_index_is_built_concurrently_without_a_timeout(migration):
    migration(INDEX, atomic=False)
    migrating = Migrating(lock_timeout=0.001, attempts=1)
    with reading() as earlier, another() as later:
        earlier.execute("UPDATE profiles_export SET ended_at = NULL")
        migrating.start()
        wait_until_it_waits(later, "CREATE INDEX CONCURRENTLY")  # waits for the open transaction
        earlier.execute("ROLLBACK")
    migrating.join(MOST_SECONDS)
    assert migrating.error is None
    with connection.cursor() as cursor:
        cursor.execute("SELECT indisvalid FROM pg_index WHERE indexrelid = 'later'::regclass")
        assert cursor.fetchone() == (True,)


@pytest.mark.parametrize("options", [{"lock_timeout": 0}, {"lock_timeout": 0.0001}, {"attempts": 0}])
def test_no_timeout_is_no_choice(postgresql, options):
    with pytest.raises(CommandError, match="1 attempt or more"):
        call_command("migrate", verbosity=0, **options)


def test_sqlite_migrates_as_ever(cast):
    if connection.vendor != "sqlite":
        pytest.skip("SQLite's alone")
    call_command("migrate", verbosity=0)
    assert Profile.objects.exists()
