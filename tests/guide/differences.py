"""The page of intended differences, from the list that the parity tests go by."""

from tests.parity.differences import DIFFERENCES

HEAD = """<!-- Written by `make reference` from tests/parity/differences.py: change it there. -->

# Intended differences

Both APIs do the same. They differ on purpose where REST or GraphQL has its own customs; these are all the cases, and a
test of `tests/parity/test_differences.py` shows each. Any other difference is a bug.

| what | REST | GraphQL | why |
|---|---|---|---|
"""


def page() -> str:
    rows = (f"| {what} | {each.rest} | {each.graphql} | {each.reason} |\n" for what, each in DIFFERENCES.items())
    return HEAD + "".join(rows)
