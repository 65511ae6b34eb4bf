"""`python -m tests.guide`: writes what the guide takes from the code. `make reference` runs it."""

import django

django.setup()

from tests.guide.written import ROOT, WRITTEN  # noqa: E402  # it imports models

for name, text in WRITTEN.items():
    (ROOT / name).write_text(text(), encoding="utf-8")
