"""The guide's recipe "Add a field", run on a copy of the project: both APIs have the field, and agree about it."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import yaml

ROOT = Path(__file__).parent.parent.parent
STEPS = {  # by file: a text that occurs once, and the recipe's insertion before it
    "profiles/models.py": {
        "    website = models.URLField(": '    pronouns = models.CharField(max_length=40, blank=True, default="", '
        'help_text="How to speak of it.")\n',
        '            _at_most("website", ': '            _at_most("pronouns", 40),\n',
    },
    "profiles/serializers.py": {'            "website",\n': '            "pronouns",\n'},
    "profiles/policy.py": {'"website", "time_zone"})': '"pronouns", '},
    "profiles/filters.py": {
        '"location", "bio")\n': '"pronouns", ',
        "    created_after = MomentFilter(": '    pronouns = django_filters.CharFilter("pronouns", "iexact", '
        'label="These, in any case.")\n',
    },
    "tests/parity/cases.py": {
        '"website", "time_zone", "language", "visibility", "email_public",\n': '"pronouns", ',
        "]\n\nVALIDATION = [": '    written("an owner\'s pronouns", {"pronouns": "they"}),\n'
        '    view("pronouns are shown", "anonymous", "shown", pronouns=""),\n',
    },
}
PARITY = (
    *(f"tests/parity/test_{name}.py" for name in ("cases", "resources", "lists")),
    "tests/graphql_api/core/test_costs.py",
    "tests/graphql_api/test_schema.py",
    "tests/profiles/rest/contract",
)
COMMANDS = (
    ["manage.py", "makemigrations", "profiles"],
    ["manage.py", "graphql_schema"],
    ["manage.py", "spectacular", "--file", "profiles/openapi.yaml", "--validate", "--fail-on-warn"],
    ["-m", "pytest", "-q", "-n", "2", "-k", "not pages_lead", *PARITY],  # pages are the same with one field more
)


def copy_of_the_project(folder, *, without=()):
    listed = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--"]
    listed += [f":!{name}" for name in without]
    for name in subprocess.run(listed, cwd=ROOT, check=True, capture_output=True, text=True).stdout.split("\0"):
        if name and (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)


def insert(path, steps):
    text = path.read_text()
    for place, added in steps.items():
        assert text.count(place) == 1, (path, place)
        text = text.replace(place, added + place)
    path.write_text(text)


def test_a_field_that_is_added_by_the_recipe_is_everywhere(tmp_path):
    copy_of_the_project(tmp_path, without=["server/web"])
    for name, steps in STEPS.items():
        insert(tmp_path / name, steps)
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "DATABASE"))}
    for command in COMMANDS:
        done = subprocess.run(
            [sys.executable, *command],
            cwd=tmp_path,
            env=environment | {"DEBUG": "true", "DATABASE_URL": f"sqlite:///{tmp_path / 'db.sqlite3'}"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, (command, done.stdout[-6_000:], done.stderr[-2_000:])
    contract = yaml.load((tmp_path / "profiles" / "openapi.yaml").read_text(), yaml.CSafeLoader)["components"][
        "schemas"
    ]
    assert [name for name, schema in contract.items() if "pronouns" in schema.get("properties", ())] == [
        "PatchedProfileRequest",
        "Profile",
        "ProfileMergePatch",
        "ProfileRequest",
        "SignUpRequest",
    ]
    sdl = (tmp_path / "graphql_api" / "schema.graphql").read_text()
    assert sdl.count("  pronouns: String!\n") == 1
    assert sdl.count("  pronouns: String\n") == 5  # create, update, one of several, replace; the filter
