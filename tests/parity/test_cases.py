"""The cases of the parity table, through both APIs."""

import pytest

from profiles.core.outcomes import INSUFFICIENT_SCOPE, NOT_PERMITTED, InvalidCode
from profiles.models import Change, Profile
from tests.parity.cases import CASES, NOBODY
from tests.state import stored, undone

DETAILS = {"CONFLICT": {"version": 1}, "FORBIDDEN": {"reason": NOT_PERMITTED}}


def perform(api, case, cast):
    token = cast.token(case.actor)
    if case.operation == "view_me":
        return api.view_me(token=token)
    if case.operation == "view_by_username":
        return api.view_by_username(case.target, token=token)
    if case.operation == "view":
        return api.view(cast.pk(case.target), token=token)
    tag = case.if_match
    if tag and tag != "*":
        current = api.view(cast.pk(case.target), token=token).etag
        tag = '"0-stale"' if tag == "stale" else tag.replace("current", current or "")
    return getattr(api, case.operation)(cast.pk(case.target), case.values, token=token, if_match=tag)


def check_answer(case, answer):
    assert answer.outcome == case.outcome, answer
    if case.outcome == "invalid":
        assert tuple(error[:2] for error in answer.errors) == case.errors
        assert {code for code, _ in case.errors} <= set(InvalidCode)
    elif case.outcome == "done":
        assert answer.body.items() >= case.shown.items()
        assert answer.body.items() >= {k: v for k, v in case.changed.items() if k != "is_active"}.items()
    else:
        assert answer.details == details_of(case)


def details_of(case):
    """An error's expected details, besides code and message."""
    is_of_scope = case.outcome == "FORBIDDEN" and case.actor.endswith("(read)")
    return {"reason": INSUFFICIENT_SCOPE} if is_of_scope else DETAILS.get(case.outcome, {})


def check_rows(case, api, cast, before):
    """Check that one row changed in the named fields and got one history row, or that nothing changed."""
    if not case.changed:
        assert stored() == before
        return
    pk = cast.pk(case.target)
    was = next(row for row in before[0] if row["id"] == pk)
    row = Profile.objects.filter(pk=pk).values().get()
    writer = cast[case.actor].pk
    assert row == was | case.changed | {"version": 2, "updated_by_id": writer, "updated_at": row["updated_at"]}
    assert row["updated_at"] > was["updated_at"]
    change = Change.objects.get()
    assert (change.profile_id, change.version, change.actor_id, change.source) == (pk, 2, writer, api.source)
    assert change.at == row["updated_at"]
    assert change.request_id is not None
    assert change.fields == {name: [was[name], value] for name, value in case.changed.items()}
    assert [other for other in before[0] if other["id"] != pk] == [r for r in stored()[0] if r["id"] != pk]


def comparable(answer):
    """An answer without `updated_at`, which differs between two runs."""
    body = answer.body and {name: value for name, value in answer.body.items() if name != "updated_at"}
    return answer.outcome, answer.errors, answer.details, body


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.label)
def test_case(case, cast, apis):
    answers = []
    for api in apis:
        with undone():
            before = stored()
            answers.append(perform(api, case, cast))
            check_answer(case, answers[-1])
            check_rows(case, api, cast, before)
    rest, graphql = answers
    assert comparable(rest) == comparable(graphql)
    if case.operation.startswith("view"):
        assert rest == graphql  # entity tags included


def test_table_is_large_enough_and_names_each_case_once():
    labels = [case.label for case in CASES]
    assert len(labels) == len(set(labels)) >= 60
    assert NOBODY in {case.target for case in CASES}
