"""`manage.py backup` and `manage.py restore`: a drill while clients write, and invalid backups."""

import json
import stat
import subprocess
from contextlib import contextmanager
from threading import Condition, Thread
from unittest import mock

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from tqdm import tqdm

from profiles.management.dumps import sqlite
from tests.apis import RESTAPI, GraphQLAPI
from tests.server.conftest import MOST_SECONDS, ServerClient
from tests.server.contents import counted, everything, rows

SHA256SUM = "/usr/bin/sha256sum"
WRITES_BEFORE = 20
CHANGED = ("bio", "version", "updated_at")  # the profile's columns that each write of the drill changes


@pytest.fixture
def beside(transactional_db, tmp_path):
    """A connection to another, empty database of the same kind."""
    other = connection.copy()
    if connection.vendor == "sqlite":
        other.settings_dict["NAME"] = str(tmp_path / "restored.sqlite3")
        yield other
        other.close()
        return
    other.settings_dict["NAME"] = name = f"{connection.settings_dict['NAME']}_restored"
    with connection._nodb_cursor() as cursor:
        cursor.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        cursor.execute(f"CREATE DATABASE {name} TEMPLATE template0")
    yield other
    other.close()
    with connection._nodb_cursor() as cursor:
        cursor.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def restore(beside, monkeypatch):
    """A function that restores a backup into the `beside` database."""
    monkeypatch.setattr("profiles.management.commands.restore.connection", beside)
    return lambda *arguments: call_command("restore", *map(str, arguments))


@pytest.fixture
def backup(cast, tmp_path):
    """A backup of the cast."""
    file = tmp_path / "backup"
    call_command("backup", str(file))
    return file


class Writer(Thread):
    """Write to profiles in turn, through both APIs, one write at a time; `done` is the number of answered writes."""

    def __init__(self, address, cast):
        super().__init__()
        self.client = ServerClient(address)
        self.apis = (RESTAPI(self.client), GraphQLAPI(self.client))
        self.keys = [cast.pk(name) for name in ("owner", "member", "shown", "known", "hidden")]
        self.token = cast.token("staff")
        self.done, self.is_wanted, self.answered = 0, True, Condition()
        self.outcome = "done"

    def run(self):
        while self.is_wanted and self.outcome == "done":
            number = self.done + 1
            values = {"bio": f"write {number}"}
            answer = self.apis[number % 2].update(self.keys[number % len(self.keys)], values, token=self.token)
            with self.answered:
                self.done, self.outcome = number, answer.outcome
                self.answered.notify_all()

    def wait_for(self, count):
        """Wait until `count` writes were answered."""
        with self.answered:
            assert self.answered.wait_for(lambda: self.done >= count or self.outcome != "done", MOST_SECONDS)
        assert self.outcome == "done"

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *error):
        self.is_wanted = False
        self.join()
        self.client.http.close()


@contextmanager
def slowed_by(writer):
    """Let a dump wait for a new write of this writer at each progress step."""
    update = tqdm.update

    def wait_and_update(progress, n=1):
        writer.wait_for(writer.done + 1)
        return update(progress, n)

    with mock.patch.object(sqlite, "AT_ONCE", 4), mock.patch.object(tqdm, "update", wait_and_update):
        yield


def number_of(bio):
    return int(bio.removeprefix("write ")) if bio.startswith("write ") else 0


def assert_as_of(restored, source, last):
    """Check that each row is as of write `last`: that one was committed, and the next one was not."""
    changes = [row for row in rows(source, "profiles_change") if number_of(row_bio(row)) <= last]
    assert counted(rows(restored, "profiles_change")) == counted(changes)
    now = {row["id"]: row for row in rows(source, "profiles_profile")}
    newest = {row["profile_id"]: row for row in sorted(changes, key=lambda row: row["version"])}
    for row in rows(restored, "profiles_profile"):
        then = now.pop(row["id"])
        if row["id"] in newest:
            change = newest[row["id"]]
            then |= dict(zip(CHANGED, (row_bio(change), change["version"], change["at"]), strict=True))
        assert row == then
    assert now == {}
    others = {*source.introspection.table_names()} - {"profiles_profile", "profiles_change", "profiles_word"}
    for table in others:
        assert counted(rows(restored, table)) == counted(rows(source, table)), table


def row_bio(change):
    """The bio in a change."""
    return json.loads(change["fields"])["bio"][1]


def test_drill(cast, server, beside, restore, tmp_path, report):
    with Writer(server, cast) as writer:
        writer.wait_for(WRITES_BEFORE)
        first = writer.done
        with slowed_by(writer):
            call_command("backup", str(tmp_path / "backup"))
        last = writer.done
    restore(tmp_path / "backup")
    kept = max(number_of(row["bio"]) for row in rows(beside, "profiles_profile"))
    report(f"{last - first} writes during the backup, {kept - first} of them in it")
    assert first <= kept < last
    assert_as_of(beside, connection, kept)

    beside.close()
    call_command("backup", str(tmp_path / "quiet"))
    restore("--replace", tmp_path / "quiet")
    found = everything(beside)
    assert found == everything(connection)
    report(f"all {sum(rows.total() for rows in found.values())} rows are the same, those of the catalogue among them")


def test_a_backup_is_for_its_owner_and_has_a_checksum(backup):
    checksum = backup.with_name("backup.sha256")
    for each in (backup, checksum):
        assert stat.S_IMODE(each.stat().st_mode) == 0o600
    done = subprocess.run([SHA256SUM, "--check", checksum.name], cwd=backup.parent, check=False, capture_output=True)
    assert done.returncode == 0
    assert not backup.with_name("backup.partial").exists()


def test_a_backup_replaces_no_file(backup):
    before = backup.read_bytes()
    with pytest.raises(CommandError, match="give another name"):
        call_command("backup", str(backup))
    assert backup.read_bytes() == before
    backup.unlink()
    with pytest.raises(CommandError, match=r"backup\.sha256 exists"):
        call_command("backup", str(backup))


def test_two_backups_do_not_write_one_file(cast, tmp_path):
    (tmp_path / "new.partial").touch()
    with pytest.raises(CommandError, match="was interrupted"):
        call_command("backup", str(tmp_path / "new"))
    assert [path.name for path in tmp_path.iterdir()] == ["new.partial"]


def test_a_folder_that_is_not_there_is_named(cast, tmp_path):
    with pytest.raises(CommandError, match=r"nowhere/new\.partial: No such file"):
        call_command("backup", str(tmp_path / "nowhere" / "new"))


def test_a_database_without_tables_is_not_backed_up(beside, tmp_path, monkeypatch):
    monkeypatch.setattr("profiles.management.commands.backup.connection", beside)
    with pytest.raises(CommandError, match="check DATABASE_URL"):
        call_command("backup", str(tmp_path / "new"))
    assert not (tmp_path / "new").exists()


def test_a_damaged_file_is_not_restored(backup, beside, restore):
    content = bytearray(backup.read_bytes())
    content[len(content) // 2] ^= 1
    backup.write_bytes(content)
    with pytest.raises(CommandError, match="copy it again"):
        restore(backup)
    backup.with_name("backup.sha256").unlink()
    with pytest.raises(CommandError, match="with its checksum beside it"):
        restore(backup)
    assert beside.introspection.table_names() == []


def test_a_database_with_tables_is_left_alone(backup, beside, restore):
    restore(backup)
    before = everything(beside)
    with pytest.raises(CommandError, match="say --replace"):
        restore(backup)
    assert everything(beside) == before


def sign(file):
    """Write a new checksum of the file, as for a file without one."""
    done = subprocess.run([SHA256SUM, file.name], cwd=file.parent, check=True, capture_output=True)
    file.with_name(f"{file.name}.sha256").write_bytes(done.stdout)


@pytest.mark.parametrize("part", [0.3, 0.9])
def test_a_cut_backup_changes_nothing(part, backup, beside, restore):
    restore(backup)
    before = everything(beside)
    beside.close()
    backup.write_bytes(backup.read_bytes()[: int(backup.stat().st_size * part)])
    sign(backup)
    with pytest.raises(CommandError):
        restore("--replace", backup)
    assert everything(beside) == before


def test_a_restore_that_fails_changes_nothing(backup, beside, restore):
    if connection.vendor == "sqlite":
        pytest.skip("SQLite copies pages: nothing in the database stands in their way")
    restore(backup)
    with beside.cursor() as cursor:
        cursor.execute("ALTER TABLE profiles_export RENAME TO kept; CREATE VIEW profiles_export AS SELECT 1")
    before = everything(beside)
    beside.close()
    with pytest.raises(CommandError, match='relation "profiles_export" already exists'):
        restore("--replace", backup)
    assert everything(beside) == before


def test_tables_of_a_later_release_go(backup, beside, restore):
    restore(backup)
    with beside.cursor() as cursor:
        cursor.execute("CREATE TABLE later (profile_id integer REFERENCES profiles_profile (id))")
    beside.close()
    restore("--replace", backup)
    assert everything(beside) == everything(connection)


def test_a_file_of_another_kind_is_not_restored(tmp_path, restore):
    file = tmp_path / "notes"
    file.write_text("No backup.")
    sign(file)
    with pytest.raises(CommandError, match="is no backup of"):
        restore(file)


@pytest.fixture
def programs(tmp_path, monkeypatch):
    """An empty folder, the only one searched for programs."""
    if connection.vendor == "sqlite":
        pytest.skip("SQLite needs no programs")
    folder = tmp_path / "programs"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    return folder


def test_a_password_is_on_no_command_line(cast, programs, tmp_path, monkeypatch):
    (programs / "pg_dump").write_text('#!/bin/sh\necho "$@" >"$0.arguments"; echo "$PGPASSWORD" >"$0.password"\n')
    (programs / "pg_dump").chmod(0o700)
    monkeypatch.setitem(connection.settings_dict, "PASSWORD", "not to be shown")
    call_command("backup", str(tmp_path / "new"))
    assert (programs / "pg_dump.password").read_text() == "not to be shown\n"
    assert "not to be shown" not in (programs / "pg_dump.arguments").read_text()


def test_a_program_that_is_missing_is_named(cast, programs, tmp_path):
    with pytest.raises(CommandError, match="pg_dump is not installed"):
        call_command("backup", str(tmp_path / "new"))
    assert not (tmp_path / "new.partial").exists()


def test_what_pg_dump_says_is_shown(cast, tmp_path, monkeypatch):
    if connection.vendor == "sqlite":
        pytest.skip("PostgreSQL's alone")
    monkeypatch.setitem(connection.settings_dict, "USER", "nobody_of_that_name")
    with pytest.raises(CommandError, match='role "nobody_of_that_name" does not exist'):
        call_command("backup", str(tmp_path / "new"))
    assert [path.name for path in tmp_path.iterdir()] == []
