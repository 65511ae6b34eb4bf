"""The machine's tools for checking the deployment."""

import shutil

import pytest

from tests.server.conftest import PATH


@pytest.fixture
def tool(request):
    """Find a program's path. Without the program the test is skipped, or fails with --required."""

    def find(name):
        found = shutil.which(name, path=PATH)
        if not found:
            (pytest.fail if request.config.getoption("--required") else pytest.skip)(f"there is no {name}")
        return found

    return find
