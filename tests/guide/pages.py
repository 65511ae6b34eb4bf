"""The README and the pages of the guide, and what is in them."""

import re
import shlex

from tests.server.conftest import ROOT

DOCS = ROOT / "server" / "docs"
PAGES = {str(path.relative_to(ROOT)): path.read_text() for path in (ROOT / "README.md", *sorted(DOCS.rglob("*.md")))}
"""Their texts, by path."""
TUTORIAL = "server/docs/tutorial.md"

FENCED = re.compile(r"^( *)```(\w*)\n(.*?)^ *```$", re.DOTALL | re.MULTILINE)


def blocks(text, *languages):
    """The blocks of code in these languages."""
    return [block for _, language, block in FENCED.findall(text) if language in languages]


def files(text):
    """The blocks that begin with a comment that names a file, by that name."""
    named = {}
    for block in blocks(text, "python", "js"):
        if name := re.match(r"(?:#|//) ([\w/]+\.\w+)\n", block):
            named[name[1]] = block
    return named


def commands(text):
    """Each command of the blocks of console, and what is printed under it."""
    for block in blocks(text, "console"):
        for each in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            yield _split(each.rstrip().split("\n"))


def _split(lines):
    """A command goes on while a quote or a backslash leaves it open."""
    for count in range(1, len(lines) + 1):
        command = "\n".join(lines[:count])
        try:
            shlex.split(command, comments=True)
        except ValueError:
            continue
        if not command.endswith("\\"):
            return command, "\n".join(lines[count:])
    raise ValueError(f"A command does not end: {command}")
