"""Races between clients for the same rows, on a real server: no write is lost, and no response is a 5xx.

`make races` runs them longer; `--rounds` sets how long.
"""

from itertools import pairwise

import pytest

from profiles.core import writing
from profiles.core.actors import Actor
from profiles.core.models import Source
from profiles.identity import families, personal_tokens
from profiles.models import Change, Profile, TokenFamily
from tests.cast import PASSWORD

PAIRS = [("rest", "rest"), ("rest", "graphql"), ("graphql", "graphql")]


def updating(api, pk, values, token, **precondition):
    return lambda apis: apis[api].update(pk, values, token=token, **precondition)


@pytest.mark.parametrize("pair", PAIRS, ids="+".join)
def test_two_fields_at_once_are_both_written(cast, at_once, rounds, report, pair):
    pk = cast.pk("owner")
    lost = 0
    for number in range(rounds):
        sent = {"bio": f"bio {number}", "location": f"location {number}"}
        token = cast.token("owner")
        answers = at_once(*(updating(api, pk, {name: sent[name]}, token) for api, name in zip(pair, sent, strict=True)))
        assert [answer.outcome for answer in answers] == ["done", "done"]
        lost += Profile.objects.filter(pk=pk).values(*sent).get() != sent
    writes = 2 * rounds
    report(f"{rounds} rounds, {lost} lost, version {Profile.objects.get(pk=pk).version} after {writes} writes")
    assert lost == 0
    assert Profile.objects.get(pk=pk).version == 1 + writes
    history = list(Change.objects.filter(profile=pk).order_by("version"))
    assert [change.version for change in history] == list(range(2, writes + 2))
    for field in ("bio", "location"):  # each change starts from the value of the previous one
        steps = [change.fields[field] for change in history if field in change.fields]
        assert all(before[1] == after[0] for before, after in pairwise(steps))


def test_one_username_has_one_winner(cast, at_once, rounds, report):
    names = ("owner", "member", "known")
    outcomes = []
    for number in range(max(rounds // 4, 1)):
        username = f"wanted{number}"
        calls = [
            updating(
                api, cast.pk(name), {"username": username.upper() if api == "rest" else username}, cast.token(name)
            )
            for name, api in zip(names, ("rest", "graphql", "rest"), strict=True)
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
        [current] = at_once(lambda apis, token=token: apis["rest"].view_me(token=token))
        answers = at_once(
            *(
                updating(api, cast.pk("owner"), {"bio": f"{number} {n}"}, token, if_match=current.etag)
                for n, api in enumerate(("rest", "graphql") * 2)
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
        lambda apis, api=("rest", "graphql")[n % 2]: apis[api].create(new | {"username": "wanted"}) for n in range(100)
    ]
    outcomes = [(answer.outcome, *answer.errors) for answer in at_once(*calls)]
    taken = ("invalid", ("unique", "username", "This username is taken. Choose another one."))
    busy = [outcome for outcome in outcomes if outcome[0] == "UNAVAILABLE"]  # too many hashes on a slow machine
    report(f"{len(outcomes)} sign-ups, {outcomes.count(('done',))} made, {len(busy)} to be repeated")
    assert outcomes.count(("done",)) == 1
    assert outcomes.count(taken) == 99 - len(busy)
    assert Profile.objects.filter(username="wanted").count() == 1


def test_one_sign_up_sent_twenty_times_is_one_profile(cast, at_once):
    new = {"username": "wanted", "email": "new@example.com", "password": "correct horse battery staple"}
    calls = [lambda apis, api=("rest", "graphql")[n % 2]: apis[api].create(new, key="once") for n in range(20)]
    answers = at_once(*calls)
    assert all(answer == answers[0] and answer.outcome == "done" for answer in answers)
    assert Profile.objects.filter(username="wanted").count() == 1


# Races with a deletion

FEW = 4  # rounds with password hashing


def newcomer(number, **fields):
    return Profile.objects.create_user(f"newcomer{number}", "new@example.com", PASSWORD, **fields)


def deleting(profile, token):
    return lambda apis: apis["rest"].delete(profile.pk, token=token)


@pytest.mark.parametrize("what", ["sign in", "refresh", "revoke", "new password", "sign out", "update", "several"])
def test_what_an_account_does_while_it_is_deleted_is_done_or_unauthenticated(cast, at_once, rounds, what):
    for number in range(max(rounds // 20, FEW)):
        profile = newcomer(number, is_staff=True)
        mine = families.start(profile)
        calls = {
            "sign in": lambda api, name=profile.username: api.sign_in(name, PASSWORD),
            "refresh": lambda api, mine=mine: api.refresh(mine.refresh_token),
            "revoke": lambda api, mine=mine: api.revoke(mine.refresh_token),
            "new password": lambda api, mine=mine: api.change_password(PASSWORD, PASSWORD + "!", token=mine.token),
            "sign out": lambda api, mine=mine: api.log_out_everywhere(token=mine.token),
            "update": lambda api, mine=mine: api.update(cast.pk("known"), {"bio": mine.token[-9:]}, token=mine.token),
            "several": lambda api, mine=mine: api.update_many(
                [(cast.pk(name), {"bio": mine.token[-9:]}) for name in ("known", "hidden", "gone")], token=mine.token
            ),
        }
        acting = [lambda apis, api=api: calls[what](apis[api]) for api in ("rest", "graphql") * 3]  # noqa: B023
        deleted, *others = at_once(deleting(profile, cast.token("staff")), *acting)
        assert deleted.outcome == "done"
        assert {answer.outcome for answer in others} <= {"done", "UNAUTHENTICATED"}
    assert not TokenFamily.objects.filter(profile__username__startswith="newcomer").exists()


def test_accounts_that_wrote_to_each_other_are_deleted_at_once(cast, at_once, rounds):
    for number in range(rounds):
        one, other = newcomer(f"{number}a", is_staff=True), newcomer(f"{number}b", is_staff=True)
        for actor, profile in ((one, other), (other, one), (one, cast["known"]), (other, cast["known"])):
            actor = Profile.objects.get(pk=actor.pk)
            writing.update(profile, {"bio": f"{number} {actor.pk}"}, actor=Actor(actor), source=Source.COMMAND)
        tokens = [families.start(Profile.objects.get(pk=profile.pk)).token for profile in (one, other)]
        answers = at_once(
            deleting(one, tokens[0]),
            deleting(other, tokens[1]),
            updating("graphql", other.pk, {"bio": "x"}, tokens[0]),
            updating("graphql", one.pk, {"bio": "x"}, tokens[1]),
            updating("rest", cast.pk("known"), {"bio": f"{number} x"}, tokens[0]),
            updating("rest", cast.pk("known"), {"location": f"{number} y"}, cast.token("staff")),
        )
        assert [answers[n].outcome for n in (0, 1, 5)] == ["done"] * 3
        assert {answer.outcome for answer in answers[2:5]} <= {"done", "UNAUTHENTICATED", "NOT_FOUND"}


# Two operations that end the same sessions


@pytest.mark.parametrize("pair", PAIRS, ids="+".join)
def test_one_old_password_is_changed_once(cast, at_once, pair):
    profile = newcomer("-".join(pair))  # its attempts count for this test only
    old, token = PASSWORD, families.start(profile).token
    for number in range(2):
        new = f"{PASSWORD} {number}"
        calls = [lambda apis, d=d, o=old, n=new, t=token: apis[d].change_password(o, n + d, token=t) for d in pair]
        answers = at_once(*calls, *calls)
        assert sorted(answer.outcome for answer in answers) == ["UNAUTHENTICATED"] * 3 + ["done"]
        winner = next(n for n, answer in enumerate(answers) if answer.outcome == "done")
        old, token = new + pair[winner % 2], answers[winner].body["token"]
        profile.refresh_from_db()
        assert profile.check_password(old)


@pytest.mark.parametrize("pair", PAIRS, ids="+".join)
def test_one_session_signs_out_everywhere_once(cast, at_once, pair):
    for _ in range(FEW):
        Profile.objects.filter(username="owner").update(sign_outs=0)
        token = cast.token("owner")
        calls = [lambda apis, d=d, t=token: apis[d].log_out_everywhere(token=t) for d in pair]
        answers = at_once(*calls, *calls)
        assert sorted(answer.outcome for answer in answers) == ["UNAUTHENTICATED"] * 3 + ["done"]
        assert Profile.objects.get(username="owner").sign_outs == 1


# Bulk writes


def renaming(api, pks, usernames, token):
    items = [(pk, {"username": username}) for pk, username in zip(pks, usernames, strict=True)]
    return lambda apis: apis[api].update_many(items, token=token)


TAKEN = [("unique", "0.username"), ("unique", "1.username")]


@pytest.mark.parametrize("pair", PAIRS, ids="+".join)
def test_bulk_writes_that_want_the_same_usernames_have_one_winner(cast, at_once, rounds, pair):
    rows = [[cast.pk(name) for name in names] for names in (("owner", "member"), ("known", "hidden"))]
    token = cast.token("staff")
    for number in range(rounds):
        wanted = [f"wanted{number}a", f"wanted{number}b"]
        answers = at_once(
            renaming(pair[0], rows[0], wanted, token),
            renaming(pair[1], rows[1], wanted[::-1], token),
        )
        assert sorted(answer.outcome for answer in answers) == ["done", "invalid"]
        assert [error[:2] for answer in answers for error in answer.errors] == TAKEN


@pytest.mark.parametrize("pair", PAIRS, ids="+".join)
def test_bulk_writes_that_want_each_others_usernames_answer_unique(cast, at_once, rounds, pair):
    token = cast.token("staff")
    pks, usernames = [cast.pk("owner"), cast.pk("known")], ["known", "owner"]
    for _ in range(rounds):
        answers = at_once(
            renaming(pair[0], pks, usernames, token), renaming(pair[1], pks[::-1], usernames[::-1], token)
        )
        assert [[error[:2] for error in answer.errors] for answer in answers] == [TAKEN, TAKEN]


@pytest.mark.parametrize("pair", PAIRS, ids="+".join)
def test_a_write_sent_twice_at_once_under_a_key_is_done_once(cast, at_once, rounds, report, pair):
    pk = cast.pk("owner")
    for version in range(1, rounds + 1):
        sent = {"bio": f"Bio {version}.", "version": version}
        token = cast.token("owner")
        answers = at_once(*(updating(api, pk, sent, token, key=str(version)) for api in pair))
        assert [(answer.outcome, answer.body["version"]) for answer in answers] == [("done", version + 1)] * 2
    report(f"{rounds} writes, each sent twice at once: version {Profile.objects.get(pk=pk).version}")
    assert Change.objects.count() == rounds


def test_a_deletion_sent_twice_at_once_under_a_key_is_done_for_both(cast, at_once):
    pk, token = cast.pk("owner"), cast.token("staff")
    calls = [lambda apis, d=d: apis[d].delete(pk, token=token, key="1") for d in ("rest", "graphql")]
    assert [answer.outcome for answer in at_once(*calls)] == ["done"] * 2


# Personal tokens, and sessions that end each other


@pytest.mark.parametrize("pair", PAIRS, ids="+".join)
def test_no_personal_token_outlives_a_sign_out_that_comes_meanwhile(cast, at_once, pair):
    for _ in range(FEW):
        mine = families.start(Profile.objects.get(username="owner")).token
        create = [lambda apis, d=d, t=mine: apis[d].create_personal_token("x", ["read"], 1, token=t) for d in pair * 2]
        signed_out, *created = at_once(lambda apis, t=mine: apis[pair[0]].log_out_everywhere(token=t), *create)
        assert signed_out.outcome == "done"
        assert {answer.outcome for answer in created} <= {"done", "UNAUTHENTICATED"}
        texts = [answer.body["token"] for answer in created if answer.outcome == "done"]
        views = [lambda apis, text=text: apis["rest"].view_me(token=text) for text in texts]
        assert {answer.outcome for answer in (at_once(*views) if views else [])} <= {"UNAUTHENTICATED"}


def test_no_account_gets_more_personal_tokens_than_it_may_have(cast, at_once):
    mine = cast.token("owner")
    for _ in range(personal_tokens.MOST - 1):
        cast.personal_token("owner", "read")
    calls = [lambda apis, d=d: apis[d].create_personal_token("x", ["read"], 1, token=mine) for d in PAIRS[1] * 2]
    assert sorted(answer.outcome for answer in at_once(*calls)) == ["done", "invalid", "invalid", "invalid"]
    assert cast["owner"].personal_tokens.count() == personal_tokens.MOST


def test_sessions_that_end_each_other_at_once_end_without_a_deadlock(cast, at_once):
    for _ in range(FEW):
        mine = [families.start(cast["member"]).token for _ in range(4)]
        calls = [
            lambda apis, t=token, d=PAIRS[1][n % 2]: apis[d].end_other_sessions(token=t) for n, token in enumerate(mine)
        ]
        outcomes = [answer.outcome for answer in at_once(*calls)]
        assert set(outcomes) <= {"done", "UNAUTHENTICATED"}
        assert "done" in outcomes
