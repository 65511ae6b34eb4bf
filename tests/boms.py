"""`python -m tests.boms FILE…`: validate bills of materials against CycloneDX's schema; each package appears once."""

import json
import sys
from collections import Counter
from pathlib import Path

from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

MOST_CHARACTERS = 500  # an error repeats the whole document


def fault_of(text):
    """The first error in a bill of materials, or None."""
    if error := JsonStrictValidator(SchemaVersion.V1_5).validate_str(text):
        return str(error)[:MOST_CHARACTERS]
    named = Counter(component.get("purl") for component in json.loads(text).get("components", ()))
    if not named:
        return "it lists nothing"
    if unclear := [purl for purl, times in named.items() if purl is None or times > 1]:
        return f"not exactly one component each: {unclear}"
    return None


if __name__ == "__main__":
    for name in sys.argv[1:]:
        content = Path(name).read_text()
        if fault := fault_of(content):
            sys.exit(f"{name}: {fault}")
        print(f"{name}: {len(json.loads(content)['components'])} components, CycloneDX 1.5")  # noqa: T201
