"""The renderer's output equals REST framework's, byte for byte."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from uuid import UUID

import pytest
from django.utils.translation import gettext_lazy
from hypothesis import given
from hypothesis import strategies as st
from rest_framework.renderers import JSONRenderer

from graphql_api.core.views import AnyTextRenderer
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
]


class Escaped(JSONRenderer):
    ensure_ascii = True


@given(value=VALUES)
def test_the_bytes_of_any_value(value):
    try:
        expected = JSONRenderer().render(value)
    except UnicodeEncodeError:  # UTF-8 cannot encode a lone surrogate
        with pytest.raises(UnicodeEncodeError):
            FastJSONRenderer().render(value)
    else:
        assert FastJSONRenderer().render(value) == expected


@pytest.mark.parametrize("value", OBJECTS, ids=repr)
def test_the_bytes_of_objects(value):
    assert FastJSONRenderer().render(value) == JSONRenderer().render(value)


def test_indents():
    media_type = "application/json; indent=2"
    made = FastJSONRenderer().render({"a": [1]}, media_type)
    assert made == JSONRenderer().render({"a": [1]}, media_type) != b'{"a":[1]}'


@given(value=VALUES)
def test_any_text_is_written(value):
    assert json.loads(AnyTextRenderer().render([value])) == json.loads(Escaped().render([value]))


def test_text_is_escaped_only_where_it_must_be():
    assert AnyTextRenderer().render("é") == '"é"'.encode()
    assert AnyTextRenderer().render("é\ud800") == rb'"\u00e9\ud800"'
