"""Both APIs count deprecated uses alike."""

import pytest

from profiles.core.models import Source
from tests.deprecations.conftest import counts
from tests.deprecations.settings import BODY, DELETION, DEPRECATIONS, FILTER, HISTORY
from tests.state import undone

USES = {
    "a property that is shown": (lambda api, note, token: api.view(note.pk, token=token), {BODY}),
    "a property that is sent": (lambda api, note, token: api.update(note.pk, {"body": "New"}, token=token), {BODY}),
    "of a whole row": (lambda api, note, token: api.replace(note.pk, {"title": "T", "body": "B"}, token=token), {BODY}),
    "of a new row": (lambda api, note, token: api.create({"title": "T", "body": "B"}, token=token), {BODY}),
    "a parameter, and a property of each row": (
        lambda api, note, token: api.list(title="t", token=token),
        {FILTER, BODY},
    ),
    "an operation": (lambda api, note, token: api.history(note.pk, token=token), {HISTORY}),
    "a write": (lambda api, note, token: api.delete(note.pk, token=token), {DELETION}),
}


@pytest.mark.parametrize("label", USES)
def test_a_use_is_counted_once_by_its_api(label, apis, note, token, used):
    act, expected = USES[label]
    for api in apis:
        with undone():
            assert act(api, note, token).outcome == "done"
        assert used() == {(each.name, api.source): 1 for each in expected}


def test_what_is_not_deprecated_is_not_counted(apis, cast, client, token, used):
    rest, graphql = apis
    rest.send("GET", "/profiles/me/", token=token)
    rest.send("GET", "/notes/?fields=id,title", token=token)
    graphql.send("{ me { pk history { edges { cursor } } } notes { edges { node { title } } } }", token=token)
    assert used() == {}


def test_each_is_shown_from_0(client):
    client.handler.load_middleware()  # otherwise the first request does, and it exports the zeros of REST
    of_rest = {(each.name, Source.REST) for each in DEPRECATIONS if each.rest}
    of_graphql = {(each.name, Source.GRAPHQL) for each in DEPRECATIONS if each.graphql}
    assert set(counts()) == of_rest | of_graphql
