"""The pages of a running server after a new build."""

import subprocess
import sys

import pytest

from tests.server.conftest import ROOT
from tests.server.test_settings import PRODUCTION

SCRIPT = """if True:
    import sys
    from pathlib import Path
    import django
    django.setup()
    from django.template import engines
    from django.template.loader import get_template
    folder = Path(sys.argv[1])
    engines["django"].engine.dirs.insert(0, folder)
    page = folder / "studio.html"
    for build in ("first", "second"):
        page.write_text(f'<script src="/static/web/{build}.js">')
        if build == "first":
            import server.urls
    print(get_template("studio.html").render())
"""


@pytest.mark.parametrize(("debug", "build"), [("true", "second"), ("false", "first")])
def test_a_page_names_files_that_are_served(tmp_path, debug, build):
    """In production the files collected before the start; under DEBUG those of the newest build."""
    environment = PRODUCTION | {"DEBUG": debug, "DJANGO_SETTINGS_MODULE": "server.settings"}
    command = [sys.executable, "-c", SCRIPT, str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
    assert done.stdout == f'<script src="/static/web/{build}.js">\n'
