"""Clients that race for the same rows, on a real server: nothing is lost, and nothing is a 5xx.

`make races` runs them at length; `--rounds` says how long.
"""

from itertools import pairwise

import pytest

from profiles.models import Change, Profile

PAIRS = [("rest", "rest"), ("rest", "graphql"), ("graphql", "graphql")]


def updating(door, pk, values, token, **precondition):
    return lambda doors: doors[door].update(pk, values, token=token, **precondition)


@pytest.mark.parametrize("pair", PAIRS, ids="+".join)
def test_two_fields_at_once_are_both_written(cast, at_once, rounds, report, pair):
    pk = cast.pk("owner")
    lost = 0
    for number in range(rounds):
        sent = {"bio": f"bio {number}", "location": f"location {number}"}
        token = cast.token("owner")
        answers = at_once(
            *(updating(door, pk, {name: sent[name]}, token) for door, name in zip(pair, sent, strict=True))
        )
        assert [answer.outcome for answer in answers] == ["done", "done"]
        lost += Profile.objects.filter(pk=pk).values(*sent).get() != sent
    writes = 2 * rounds
    report(f"{rounds} rounds, {lost} lost, version {Profile.objects.get(pk=pk).version} after {writes} writes")
    assert lost == 0
    assert Profile.objects.get(pk=pk).version == 1 + writes
    history = list(Change.objects.filter(profile=pk).order_by("version"))
    assert [change.version for change in history] == list(range(2, writes + 2))
    for field in ("bio", "location"):  # each change begins where the one before it ended
        steps = [change.fields[field] for change in history if field in change.fields]
        assert all(before[1] == after[0] for before, after in pairwise(steps))


def test_one_username_has_one_winner(cast, at_once, rounds, report):
    names = ("owner", "member", "known")
    outcomes = []
    for number in range(max(rounds // 4, 1)):
        username = f"wanted{number}"
        calls = [
            updating(
                door, cast.pk(name), {"username": username.upper() if door == "rest" else username}, cast.token(name)
            )
            for name, door in zip(names, ("rest", "graphql", "rest"), strict=True)
        ]
        answers = at_once(*calls)
        outcomes.append(sorted((answer.outcome, *answer.errors) for answer in answers))
        assert Profile.objects.named(username).count() == 1
    taken = ("invalid", ("unique", "username", "This username is taken. Choose another one."))
    report(f"{len(outcomes)} rounds, {sum(o == [('done',), taken, taken] for o in outcomes)} with one winner")
    assert all(outcome == [("done",), taken, taken] for outcome in outcomes)


def test_one_tag_lets_one_writer_through(cast, at_once, rounds):
    for number in range(max(rounds // 4, 1)):
        token = cast.token("owner")
        [current] = at_once(lambda doors, token=token: doors["rest"].view_me(token=token))
        answers = at_once(
            *(
                updating(door, cast.pk("owner"), {"bio": f"{number} {n}"}, token, if_match=current.etag)
                for n, door in enumerate(("rest", "graphql") * 2)
            )
        )
        assert sorted(answer.outcome for answer in answers) == ["CONFLICT"] * 3 + ["done"]


def test_staff_who_write_to_each_other_do_not_lock_up(cast, at_once, rounds):
    Profile.objects.filter(username="member").update(is_staff=True)
    for number in range(rounds):
        answers = at_once(
            updating("rest", cast.pk("member"), {"bio": f"{number}"}, cast.token("staff")),
            updating("graphql", cast.pk("staff"), {"bio": f"{number}"}, cast.token("member")),
        )
        assert [answer.outcome for answer in answers] == ["done", "done"]


def test_many_writers_of_many_rows_all_get_through(cast, at_once):
    names = list(cast.profiles)
    for number in range(90):
        token = cast.token("staff")
        calls = [
            updating(("rest", "graphql")[n % 2], cast.pk(name), {"bio": f"{number}"}, token)
            for n, name in enumerate(names)
        ]
        assert {answer.outcome for answer in at_once(*calls)} == {"done"}
    assert Change.objects.count() == 720


def test_one_username_is_signed_up_once(cast, at_once, report):
    new = {"email": "new@example.com", "password": "correct horse battery staple"}
    calls = [
        lambda doors, door=("rest", "graphql")[n % 2]: doors[door].create(new | {"username": "wanted"})
        for n in range(100)
    ]
    outcomes = [(answer.outcome, *answer.errors) for answer in at_once(*calls)]
    taken = ("invalid", ("unique", "username", "This username is taken. Choose another one."))
    report(f"{len(outcomes)} sign-ups, {outcomes.count(('done',))} made")
    assert sorted(outcomes) == [("done",)] + [taken] * 99


def test_one_sign_up_sent_twenty_times_is_one_profile(cast, at_once):
    new = {"username": "wanted", "email": "new@example.com", "password": "correct horse battery staple"}
    calls = [lambda doors, door=("rest", "graphql")[n % 2]: doors[door].create(new, key="once") for n in range(20)]
    answers = at_once(*calls)
    assert all(answer == answers[0] and answer.outcome == "done" for answer in answers)
    assert Profile.objects.filter(username="wanted").count() == 1
