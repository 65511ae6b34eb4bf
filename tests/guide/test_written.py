"""What is written from the code is as the code is now."""

import pytest

from tests.guide.written import ROOT, WRITTEN


@pytest.mark.parametrize("name", WRITTEN)
def test_a_file_that_is_written_from_the_code_is_current(name):
    assert (ROOT / name).read_text(encoding="utf-8") == WRITTEN[name](), "Run `make reference`."
