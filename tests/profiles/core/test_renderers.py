"""The renderer writes what REST framework's own writes, byte by byte."""

from datetime import UTC, datetime
from decimal import Decimal
from uuid import UUID

import pytest
from django.utils.translation import gettext_lazy
from hypothesis import given
from hypothesis import strategies as st
from rest_framework.renderers import JSONRenderer

from graphql_api.core.views import ASCIIRenderer
from profiles.core.renderers import FastJSONRenderer
from profiles.policy import Visibility

LEAVES = st.one_of(st.none(), st.booleans(), st.integers(), st.text(st.characters(codec=None)), st.text(max_size=5))
VALUES = st.recursive(LEAVES, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=20)
OBJECTS = [
    None,
    {"at": datetime(2026, 1, 1, 12, 30, 1, 5, tzinfo=UTC), "id": UUID(int=5), "n": Decimal("1.50")},
    {"choice": Visibility.PUBLIC, "said": gettext_lazy("Private"), "few": (1, 2)},
    "a\u2028b\u2029c </script> é \x7f",
    2**70,
    "\ud800",
]


class Plain(JSONRenderer):
    ensure_ascii = True


@pytest.mark.parametrize(("ours", "theirs"), [(FastJSONRenderer, JSONRenderer), (ASCIIRenderer, Plain)])
class TestBytes:
    @given(value=VALUES)
    def test_of_any_value(self, ours, theirs, value):
        try:
            expected = theirs().render(value)
        except UnicodeEncodeError:  # a lone surrogate, which UTF-8 does not have
            with pytest.raises(UnicodeEncodeError):
                ours().render(value)
        else:
            assert ours().render(value) == expected

    @pytest.mark.parametrize("value", OBJECTS, ids=repr)
    def test_of_objects(self, ours, theirs, value):
        if value == "\ud800" and theirs is JSONRenderer:
            pytest.skip("UTF-8 has no lone surrogates")
        assert ours().render(value) == theirs().render(value)

    def test_indented(self, ours, theirs):
        media_type = "application/json; indent=2"
        assert ours().render({"a": [1]}, media_type) == theirs().render({"a": [1]}, media_type) != b'{"a":[1]}'
