"""`python -m tests.sentences`: random sentences of the code, the documents and the messages, to check their English.

Rewrite a sentence that you have to read twice.
"""

import argparse
import ast
import inspect
import random
import re
import subprocess
import tokenize
from pathlib import Path

from babel.messages.pofile import read_po

ROOT = Path(__file__).parent.parent
PACKAGES = ("profiles", "graphql_api", "server", "tests")
MESSAGES = ROOT / "server" / "locale" / "de" / "LC_MESSAGES" / "django.po"
FENCED = re.compile(r"```.*?```|~~~.*?~~~|<!--.*?-->|^\|.*$|^#.*$|^    .*$", re.DOTALL | re.MULTILINE)
SHORTEST = 5  # words in a sentence, at least


def sentences(text):
    """The sentences of a text of several lines."""
    for paragraph in re.split(r"\n\s*\n|\n\s*[-*] ", text):
        for sentence in re.split(r"(?<=[.!?])\s+", " ".join(paragraph.split())):
            if len(sentence.split()) >= SHORTEST:
                yield sentence


def of_python(path):
    """The sentences of the docstrings, those of attributes too, and of the comments, whose lines are joined."""
    source = path.read_text()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            yield from sentences(inspect.cleandoc(node.value.value))
    lines = iter(source.splitlines(keepends=True))
    comments = [token for token in tokenize.generate_tokens(lambda: next(lines, "")) if token.type == tokenize.COMMENT]
    places = {token.start for token in comments}
    text = ""
    for token in comments:
        if not token.string.startswith(("# type:", "# noqa", "#!")):
            text += token.string.lstrip("# ").partition("# noqa")[0] + " "
        row, column = token.start
        if (row + 1, column) not in places:
            yield from sentences(text)
            text = ""


def of_markdown(path):
    yield from sentences(FENCED.sub("\n\n", path.read_text()))


def of_messages(path):
    for message in read_po(path.open("rb")):
        yield from sentences(str(message.id))


def every_sentence():
    """Every sentence with its file's name."""
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True)  # noqa: S607
    for name in listed.stdout.splitlines():
        path = ROOT / name
        if path.suffix == ".py" and path.parts[len(ROOT.parts)] in PACKAGES and "migrations" not in path.parts:
            yield from ((name, sentence) for sentence in of_python(path))
        elif path.suffix == ".md":
            yield from ((name, sentence) for sentence in of_markdown(path))
    yield from (("messages", sentence) for sentence in of_messages(MESSAGES))


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--count", type=int, default=20, help="how many sentences (20)")
    parser.add_argument("--seed", type=int, help="a number that gives the same sentences of the same files again")
    options = parser.parse_args()
    found = list(every_sentence())
    for name, sentence in random.Random(options.seed).sample(found, options.count):  # noqa: S311
        print(f"{sentence}\n    {name}")  # noqa: T201
    print(f"{options.count} of {len(found)} sentences")  # noqa: T201


if __name__ == "__main__":
    main()
