"""The cases of the identity table, through both APIs."""

import pytest
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from profiles.core.outcomes import InvalidCode
from profiles.identity import codes, families, tokens, undoing
from profiles.models import Code, EmailUndo, PersonalToken, Profile, TokenFamily
from tests.cast import PASSWORD
from tests.parity.identity_cases import CASES, NEW
from tests.state import stored, undone

IN_HISTORY = ("confirm_recovery", "verify_email", "undo_email_change")  # these verify the address
PAIR = {"token", "refresh_token", "expires_at", "refresh_expires_at", "scope"}


def identity():
    """Every row that identity stores."""
    models = (TokenFamily, PersonalToken, Code, EmailUndo, DBTaskResult)
    return [list(model.objects.order_by("pk").values()) for model in models], stored()


def session_of(profile):
    """Sign in; return the session's id."""
    families.start(profile)
    return str(profile.token_families.latest("created_at").pk)


def words_of(cast, mine):
    """The values of the placeholders in braces."""
    owner, member = cast["owner"], cast["member"]
    (recovery,) = codes.issue(Code.Purpose.RECOVERY, owner.email, [owner])
    verification, another = (
        codes.issue(Code.Purpose.VERIFICATION, profile.email, [profile])[0] for profile in (owner, member)
    )
    words = {"{recovery}": recovery, "{RECOVERY}": recovery.lower().replace("-", " "), "{verification}": verification}
    words |= {"{another's}": another, "{undo}": undoing.new_token(undoing.allow(owner, "earlier@example.com"))}
    words |= {
        "{token}": mine.token,
        "{refresh}": mine.refresh_token,
        "{personal}": cast.personal_token("owner", "read"),
    }
    words["{own session}"] = str(tokens.read(mine.token).sign_in)
    words |= {"{session}": session_of(owner), "{another's session}": session_of(member)}
    words |= {"{SESSION}": words["{session}"].upper(), "{ended session}": session_of(owner)}
    TokenFamily.objects.filter(pk=words["{ended session}"]).update(ended_at=timezone.now())
    for word, profile in (("personal", owner), ("another's", member), ("revoked", owner)):
        cast.personal_token(profile.username, "read")
        words[f"{{{word} token}}"] = str(profile.personal_tokens.latest("created_at").pk)
    PersonalToken.objects.filter(pk=words["{revoked token}"]).update(revoked_at=timezone.now())
    return words


def perform(api, case, cast, mine):
    words = words_of(cast, mine)
    values = [words.get(value, value) if isinstance(value, str) else value for value in case.values]
    token = {} if case.actor is None else {"token": mine.token if case.actor == "owner" else cast.token(case.actor)}
    before = identity()
    answer = getattr(api, case.operation)(*values, **token)
    return answer, before


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.label)
def test_case(case, cast, apis, mail):
    mine = families.start(cast["owner"])
    answers = []
    for api in apis:
        with undone():
            answer, before = perform(api, case, cast, mine)
            answers.append(answer)
            assert answer.outcome == case.outcome, answer
            assert tuple(error[:2] for error in answer.errors if case.outcome == "invalid") == case.errors
            assert {code for code, _ in case.errors} <= set(InvalidCode)
            assert (identity() == before) is not (case.starts or case.ends or case.writes)
            for other in apis:
                mine_lives = other.view_me(token=mine.token).outcome == "done"
                assert mine_lives is not case.ends
                if case.starts:
                    assert answer.body.keys() == PAIR
                    assert other.view_me(token=answer.body["token"]).body["username"] == "owner"
            changes_password = case.operation in ("change_password", "confirm_recovery") and case.outcome == "done"
            if case.operation != "undo_email_change" or case.outcome != "done":  # it removes the password
                password = NEW if changes_password else PASSWORD
                assert Profile.objects.get(username="owner").check_password(password)
            in_history = case.operation in IN_HISTORY and case.outcome == "done"
            assert [change["source"] for change in stored()[1]] == [api.source] * in_history
    rest, graphql = answers
    assert (rest.outcome, rest.errors, rest.details) == (graphql.outcome, graphql.errors, graphql.details)
    assert (rest.body or {}).keys() == (graphql.body or {}).keys()


@pytest.mark.parametrize(("scope", "written"), [("read", "FORBIDDEN"), ("write", "done")])
def test_a_scope_is_of_the_family(cast, apis, scope, written):
    for api in apis:
        pair = api.sign_in("owner", PASSWORD, scope=scope).body
        for body in (pair, api.refresh(pair["refresh_token"]).body):
            assert body["scope"] == {"read": "read", "write": "read write"}[scope]
            for other in apis:
                assert other.view_me(token=body["token"]).outcome == "done"
                with undone():
                    assert other.update(cast.pk("owner"), {"bio": "B"}, token=body["token"]).outcome == written


def test_a_misspelt_scope_is_not_taken_for_none(cast, rest):
    answer = rest.operation("token", {"username": "owner", "password": PASSWORD, "scoep": "read"})
    assert [error[:2] for error in answer.errors] == [("unknown", "scoep")]


def test_a_token_is_looked_at(cast, apis):
    pair = families.start(cast["owner"])
    first, second = (api.verify(pair.token) for api in apis)
    assert first == second
    assert first.body["username"] == "owner"
    assert (first.body["id"], first.body["node_id"]) == (cast.pk("owner"), cast["owner"].node_id)
    assert first.body["scope"] == "read write"
    assert first.body["expires_at"].endswith("Z")
