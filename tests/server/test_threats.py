"""The threat model: each control names its tests, and these tests exist."""

import re

from tests.server.conftest import ROOT

TEXT = (ROOT / "server" / "docs" / "security.md").read_text()
TEST = re.compile(r"`(tests/[\w/]+\.py)(?:::(\w+))?`")


def rows(heading):
    """The cells of each table row under a heading."""
    section = re.search(rf"^## {heading}\n(.*?)(?=^## |\Z)", TEXT, re.DOTALL | re.MULTILINE)[1]
    lines = [line for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def is_there(path, name):
    """Whether a file has the test `name` or, if `name` is empty, any test."""
    file = ROOT / path
    pattern = rf"^(?:async )?def {name or 'test_[a-z0-9_]+'}[(]"
    return file.is_file() and bool(re.search(pattern, file.read_text(), re.MULTILINE))


def test_each_control_has_a_test():
    controls = rows("Controls")
    assert len(controls) > 20
    assert [cells[2] for cells in controls if len(cells) != 5 or not TEST.search(cells[4])] == []


def test_each_notice_has_a_test():
    notices = rows("Notices of allauth")
    assert len(notices) > 20
    assert [cells[0] for cells in notices if len(cells) != 3 or not TEST.search(cells[2])] == []


def test_each_test_exists():
    named = TEST.findall(TEXT)
    assert [test for test in named if not is_there(*test)] == []
    assert len(named) == TEXT.count("`tests/") > 40


def test_each_asset_and_attacker_has_a_control():
    controls = rows("Controls")
    for heading, column in (("Assets", 0), ("Attackers", 1)):
        known = {cells[0] for cells in rows(heading)}
        met = {word for cells in controls for word in cells[column].split(", ")} - {"–"}
        assert known == met
