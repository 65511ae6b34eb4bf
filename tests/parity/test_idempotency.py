"""Idempotency keys: a write repeated with its key is done once, for any resource and through either API."""

import pytest
from django.utils import timezone

from profiles.core.idempotency import KEPT
from profiles.core.models import IdempotencyKey
from profiles.core.policy import Action
from profiles.resource import PROFILES
from tests.parity.conftest import acting, required
from tests.parity.test_resources import a_text, every_resource
from tests.state import stored, undone

WRITES = [Action.UPDATE, Action.REPLACE, Action.DELETE]


def performed(api, resource, action, row, token, text="New.", **conditions):
    if action is Action.DELETE:
        return api.delete(row.pk, token=token, **conditions)
    values = {a_text(resource): text}
    if action is Action.UPDATE:
        return api.update(row.pk, values, token=token, **conditions)
    whole = {name: getattr(row, name) for name in required(resource)}
    return api.replace(row.pk, whole | values, token=token, **conditions)


@pytest.fixture
def row(resource, rows, cast):
    """A row that the caller may write, and that is not the caller's account."""
    if resource is PROFILES:
        return cast["owner"]
    return next(row for row in rows if resource.policy.can(acting(cast, "owner"), Action.UPDATE, row))


@pytest.fixture
def token(resource, cast):
    return cast.token("staff" if resource is PROFILES else "owner")


@every_resource
@pytest.mark.parametrize("action", WRITES)
@pytest.mark.parametrize("is_conditional", [False, True])
def test_a_write_is_done_once(resource, action, is_conditional, row, token, resource_apis):
    for api in resource_apis:
        with undone():
            tag = api.view(row.pk, token=token).etag if is_conditional else None
            first = performed(api, resource, action, row, token, key="1", if_match=tag)
            assert first.outcome == "done"
            after = stored(resource)
            again = [performed(other, resource, action, row, token, key="1", if_match=tag) for other in resource_apis]
            assert again == [first, first]
            assert stored(resource) == after


@every_resource
@pytest.mark.parametrize("action", [Action.UPDATE, Action.REPLACE])
def test_a_repeat_gives_the_row_as_it_now_is(resource, action, row, token, resource_apis):
    performed(resource_apis[0], resource, action, row, token, key="1")
    now = performed(resource_apis[1], resource, action, row, token, "Newer.", key="2")
    after = stored(resource)
    assert [performed(api, resource, action, row, token, key="1") for api in resource_apis] == [now, now]
    assert stored(resource) == after


@every_resource
@pytest.mark.parametrize("action", WRITES)
def test_a_key_stands_for_one_write(resource, action, row, token, resource_apis):
    assert performed(resource_apis[0], resource, Action.UPDATE, row, token, "First.", key="1").outcome == "done"
    after = stored(resource)
    for api in resource_apis:
        assert performed(api, resource, action, row, token, "Second.", key="1").outcome == "KEY_REUSED"
    assert stored(resource) == after


@every_resource
def test_a_key_is_its_caller_s(resource, row, token, resource_apis, cast):
    performed(resource_apis[0], resource, Action.UPDATE, row, token, key="1")
    for api in resource_apis:
        answer = performed(
            api, resource, Action.UPDATE, row, cast.token("member" if resource is PROFILES else "staff"), key="1"
        )
        assert answer.outcome in ("FORBIDDEN", "NOT_FOUND")


@every_resource
@pytest.mark.parametrize("action", WRITES)
def test_a_repeat_needs_the_permission_to_write(resource, action, row, token, resource_apis, cast):
    performed(resource_apis[0], resource, action, row, token, key="1")
    reads = cast.token("staff (read)" if resource is PROFILES else "owner (read)")
    for api in resource_apis:
        assert performed(api, resource, action, row, reads, key="1").outcome == "FORBIDDEN"


@every_resource
@pytest.mark.parametrize("action", WRITES)
def test_a_write_that_was_refused_leaves_its_key_free(resource, action, row, token, resource_apis):
    for api in resource_apis:
        assert performed(api, resource, action, row, token, key="1", if_match='"0-old"').outcome == "CONFLICT"
    assert not IdempotencyKey.objects.exists()
    assert performed(resource_apis[1], resource, action, row, token, key="1").outcome == "done"


@every_resource
@pytest.mark.parametrize("action", WRITES)
@pytest.mark.parametrize("key", ["", "x" * 256, "é"])
def test_a_key_of_another_form_is_an_error(resource, action, key, row, token, resource_apis):
    before = stored(resource)
    answer = performed(resource_apis[1], resource, action, row, token, key=key)
    assert [error[:2] for error in answer.errors] == [("invalid", "idempotency_key")]
    if key.isascii():
        assert performed(resource_apis[0], resource, action, row, token, key=key).errors[0][:2] == answer.errors[0][:2]
    assert stored(resource) == before


@every_resource
def test_a_key_is_forgotten_after_a_day(resource, row, token, resource_apis):
    performed(resource_apis[0], resource, Action.UPDATE, row, token, "First.", key="1")
    IdempotencyKey.objects.update(created_at=timezone.now() - KEPT)
    assert performed(resource_apis[1], resource, Action.UPDATE, row, token, "Second.", key="1").outcome == "done"
    assert IdempotencyKey.objects.count() == 1


@every_resource
def test_a_creation_is_done_once(resource, token, resource_apis):
    if resource is PROFILES:
        pytest.skip("sign-up gives its first answer again: see test_sign_up")
    values = dict.fromkeys(required(resource), "Text")
    first = resource_apis[0].create(values, token=token, key="1")
    after = stored(resource)
    assert [api.create(values, token=token, key="1") for api in resource_apis] == [first, first]
    assert stored(resource) == after
    assert resource_apis[1].delete(first.body["id"], token=token).outcome == "done"
    assert [api.create(values, token=token, key="1").outcome for api in resource_apis] == ["NOT_FOUND"] * 2


def test_a_write_to_several_is_done_once(cast, apis):
    token = cast.token("staff")
    items = [(cast.pk("owner"), {"bio": "A."}), (cast.pk("member"), {"bio": "B.", "version": 1})]
    for api in apis:
        with undone():
            first = api.update_many(items, token=token, key="1")
            after = stored()
            assert [other.update_many(items, token=token, key="1") for other in apis] == [first, first]
            assert stored() == after
            assert [api.update_many(items[:1], token=token, key="1").outcome for api in apis] == ["KEY_REUSED"] * 2


def test_the_key_of_a_deletion_of_one_s_own_account_goes_with_it(cast, apis):
    for api in apis:
        with undone():
            token = cast.token("owner")
            assert api.delete(cast.pk("owner"), token=token, key="1").outcome == "done"
            assert not IdempotencyKey.objects.exists()
            assert api.delete(cast.pk("owner"), token=token, key="1").outcome == "UNAUTHENTICATED"
