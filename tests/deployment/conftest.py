"""The tools that check how the service is deployed, of this machine."""

import os
import shutil
import sys
from pathlib import Path

import pytest


@pytest.fixture
def tool(request):
    """A function from a program's name to its path. Without it the test is skipped; with --required it fails."""

    def find(name):
        found = shutil.which(name, path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
        if not found:
            (pytest.fail if request.config.getoption("--required") else pytest.skip)(f"there is no {name}")
        return found

    return find
