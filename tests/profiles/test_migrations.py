"""Migrations stay compatible with a running older release, checked by django-migration-linter."""

import sys

import pytest
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django_migration_linter import MigrationLinter

# Migrations reviewed by hand, with the reason. Add one only with a reason: server/docs/operations/migrations.md.
REVIEWED = {
    "0004_lists": "older than this rule",
    "0006_tokens_in_families": "older than this rule",
    "0007_idempotencykey_answer": "older than this rule",
    "0008_exports": "older than this rule",
}
BREAKING = {
    "a column that goes": "ALTER TABLE profiles_profile DROP COLUMN bio",
    "a column that the older release leaves null": "ALTER TABLE profiles_profile ADD COLUMN later integer NOT NULL",
    "another name": "ALTER TABLE profiles_profile RENAME COLUMN bio TO about",
    "another type": "ALTER TABLE profiles_profile ALTER COLUMN version TYPE bigint",
    "an index that blocks writes": 'CREATE INDEX later ON "profiles_profile" (bio)',
}
EXPANDING = {
    "a column that may be null": "ALTER TABLE profiles_profile ADD COLUMN later integer",
    "a column with the database's default": "ALTER TABLE profiles_profile ADD COLUMN later integer DEFAULT 0 NOT NULL",
    "an index that blocks nobody": 'CREATE INDEX CONCURRENTLY later ON "profiles_profile" (bio)',
}
MIGRATION = """
from django.db import migrations

class Migration(migrations.Migration):
    operations = [migrations.RunSQL({sql!r}, migrations.RunSQL.noop)]
"""


@pytest.fixture
def lint(transactional_db):
    """Lint an app's migrations except `ignored`; return the linter.

    The test runs outside a transaction, because indexes are built concurrently.
    """
    if connection.vendor != "postgresql":
        pytest.skip("PostgreSQL's alone: on SQLite the service stops while it migrates")

    def run(app, *ignored):
        linter = MigrationLinter(include_apps=[app], ignore_name=ignored, all_warnings_as_errors=True)
        linter.lint_all_migrations()
        return linter

    return run


@pytest.mark.parametrize(("app", "reviewed"), [("profiles", REVIEWED), ("graphql_api", {})])
def test_a_running_older_release_can_live_with_each_migration(lint, capsys, app, reviewed):
    linter = lint(app, *reviewed)
    assert not linter.has_errors, capsys.readouterr().out
    ours = {name for label, name in MigrationLoader(connection).disk_migrations if label == app}
    assert reviewed.keys() < ours
    assert linter.nb_total - linter.nb_ignored == len(ours - reviewed.keys())


@pytest.mark.parametrize("sql", [*BREAKING.values(), *EXPANDING.values()], ids=[*BREAKING, *EXPANDING])
def test_one_that_breaks_it_is_found(sql, lint, tmp_path, monkeypatch, settings):
    package = f"migrations_of_{abs(hash(sql))}"
    (tmp_path / package).mkdir()
    (tmp_path / package / "__init__.py").touch()
    (tmp_path / package / "0001_later.py").write_text(MIGRATION.format(sql=sql))
    monkeypatch.syspath_prepend(tmp_path)
    settings.MIGRATION_MODULES = {"messages": package}
    assert lint("messages").has_errors == (sql in BREAKING.values())
    for name in [name for name in sys.modules if name.startswith(package)]:
        del sys.modules[name]
