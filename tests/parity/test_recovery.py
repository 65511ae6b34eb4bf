"""Recovery with a mailed code, in both APIs."""

import re
from datetime import timedelta

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from profiles.identity import codes
from profiles.mail import letters
from profiles.models import Code, Profile
from tests.cast import PASSWORD
from tests.state import undone

NEW = "a staple for the horse"
CODE = re.compile(r"^[BCDFGHJKLMNPQRSTVWXZ]{4}-[BCDFGHJKLMNPQRSTVWXZ]{4}$", re.MULTILINE)


def codes_in(message):
    """The codes of a message, equal in text and HTML."""
    ((html, media_type),) = message.alternatives
    found = CODE.findall(message.body)
    assert media_type == "text/html"
    assert all(code in html for code in found)
    return found


def code_for(api, mail, email="owner@example.com"):
    assert api.request_recovery(email).outcome == "done"
    (message,) = mail()
    (code,) = codes_in(message)
    return code


def test_a_forgotten_password_is_replaced(cast, apis, mail, settings):
    settings.SIGN_IN_LIMIT_PER_ACCOUNT = settings.RECOVERY_LIMIT_PER_EMAIL = "100 per hour"
    for api in apis:
        for other in apis:
            with undone():
                access, refresh = (api.sign_in("owner", PASSWORD).body[name] for name in ("token", "refresh_token"))
                script = cast.personal_token("owner", "read")
                pair = other.confirm_recovery("owner@example.com", code_for(api, mail), NEW).body
                me = other.view_me(token=pair["token"]).body
                assert (me["username"], me["email_verified"], me["version"]) == ("owner", True, 2)
                assert api.view_me(token=access).outcome == api.refresh(refresh).outcome == "UNAUTHENTICATED"
                assert api.view_me(token=script).outcome == "UNAUTHENTICATED"
                assert api.sign_in("owner", PASSWORD).outcome == "UNAUTHENTICATED"
                assert api.sign_in("owner", NEW).outcome == "done"


def test_a_code_is_used_once(cast, apis, mail):
    for api in apis:
        with undone():
            code = code_for(api, mail)
            assert api.confirm_recovery("owner@example.com", code, NEW).outcome == "done"
            assert api.confirm_recovery("owner@example.com", code, PASSWORD).outcome == "CODE_INVALID"


def test_only_the_newest_code_is_good(cast, apis, mail):
    for api in apis:
        with undone():
            first, second = code_for(api, mail), code_for(api, mail)
            assert api.confirm_recovery("owner@example.com", first, NEW).outcome == "CODE_INVALID"
            assert api.confirm_recovery("owner@example.com", second, NEW).outcome == "done"


def test_a_code_lasts_a_quarter_of_an_hour(cast, apis, mail):
    now = timezone.now()
    for api in apis:
        for minutes, outcome in ((14, "done"), (16, "CODE_INVALID")):
            with undone(), time_machine.travel(now, tick=False) as clock:
                code = code_for(api, mail)
                clock.shift(timedelta(minutes=minutes))
                assert api.confirm_recovery("owner@example.com", code, NEW).outcome == outcome


def test_a_code_is_guessed_at_five_times(cast, apis, mail):
    rest, graphql = apis
    for right_after, outcome in ((4, "done"), (5, "CODE_INVALID")):
        with undone():
            code = code_for(rest, mail)
            for attempt in range(right_after):
                api = (rest, graphql)[attempt % 2]
                assert api.confirm_recovery("owner@example.com", "BBBB-BBBB", NEW).outcome == "CODE_INVALID"
            assert graphql.confirm_recovery("owner@example.com", code, NEW).outcome == outcome


def test_one_message_names_each_account_of_an_address(cast, apis, mail):
    Profile.objects.filter(username__in=["owner", "member", "gone"]).update(email="Shared@example.com")
    for api in apis:
        with undone():
            assert api.request_recovery("shared@EXAMPLE.com").outcome == "done"
            (message,) = mail()
            assert message.to == ["Shared@example.com"]  # in the accounts' spelling
            for name, code in zip(("owner", "member"), codes_in(message), strict=True):
                assert f"{name}:" in message.body
                pair = api.confirm_recovery("shared@example.com", code, NEW).body
                assert api.view_me(token=pair["token"]).body["username"] == name
            assert "gone" not in message.body


def test_a_message_goes_to_one_spelling_of_an_address(cast, rest, mail):
    for name, email in (("owner", "Mine@example.com"), ("member", "mine@example.com")):
        Profile.objects.filter(username=name).update(email=email)
    for asked, name, to in (
        ("mine@example.com", "member", "mine@example.com"),
        ("Mine@example.com", "owner", "Mine@example.com"),
        ("MINE@example.com", "owner", "Mine@example.com"),
    ):
        rest.request_recovery(asked)
        (message,) = mail()
        assert (message.to, f"{name}:" in message.body, len(codes_in(message))) == ([to], True, 1)


def test_whoever_signs_up_with_an_address_takes_no_place_in_its_message(cast, rest, mail):
    """Earlier sign-ups, and accounts with another spelling, do not displace the verified account."""
    squatters = [f"squatter{number}" for number in range(letters.MOST_ACCOUNTS)]
    for name, email in (*((name, "it@example.com") for name in squatters), ("shouting", "IT@example.com")):
        Profile.objects.create(username=name, email=email, password=cast["owner"].password)
    Profile.objects.create(
        username="last", email="it@example.com", email_verified=True, password=cast["owner"].password
    )
    for asked in ("it@example.com", "It@example.com"):
        rest.request_recovery(asked)
        (message,) = mail()
        assert (message.to, "last:" in message.body) == (["it@example.com"], True)


def test_an_account_at_another_spelling_adds_no_guesses(cast, apis, mail, settings):
    settings.RECOVERY_LIMIT_PER_EMAIL = "100 per hour"
    Profile.objects.filter(username="member").update(email="OWNER@example.com")
    for api in apis:
        with undone():
            code = code_for(api, mail)
            for _attempt in range(codes.MOST_ATTEMPTS):
                assert api.confirm_recovery("owner@example.com", "BBBB-BBBB", NEW).outcome == "CODE_INVALID"
            code_for(api, mail, "OWNER@example.com")
            assert api.confirm_recovery("owner@example.com", code, NEW).outcome == "CODE_INVALID"


@pytest.fixture
def meanwhile(monkeypatch):
    """Run a function once the worker has read an account, before it stores the code."""

    def before(write):
        issue = codes.issue

        def issued(*arguments):
            monkeypatch.setattr(codes, "issue", issue)
            write()
            return issue(*arguments)

        monkeypatch.setattr(codes, "issue", issued)

    return before


def test_a_code_is_good_for_the_address_that_it_was_sent_to(cast, apis, mail, meanwhile):
    for api in apis:
        with undone():
            token, pk = cast.token("staff"), cast.pk("owner")
            meanwhile(lambda d=api, p=pk, t=token: d.update(p, {"email": "new@example.com"}, token=t))
            assert api.request_recovery("owner@example.com").outcome == "done"
            (code,) = next(codes_in(message) for message in mail() if message.to == ["owner@example.com"])
            assert api.confirm_recovery("owner@example.com", code, NEW).outcome == "CODE_INVALID"
            assert not Profile.objects.get(pk=pk).email_verified


def test_a_code_verifies_no_address_but_the_one_that_it_was_sent_to(cast, apis, mail, meanwhile):
    for api in apis:
        with undone():
            token, pk = cast.token("owner"), cast.pk("owner")
            api.update(pk, {"email": "mine@example.com"}, token=token)
            meanwhile(lambda d=api, p=pk, t=token: d.update(p, {"email": "yours@example.com"}, token=t))
            (code,) = codes_in(mail()[0])
            assert api.verify_email(code, token=token).outcome == "CODE_INVALID"
            row = Profile.objects.get(pk=pk)
            assert (row.email, row.email_verified) == ("owner@example.com", False)


@pytest.mark.parametrize("email", ["nobody@example.com", "gone@example.com", "elsewhere@example.com"])
def test_nobody_is_written_to_who_has_no_account_with_a_password(email, cast, apis, mail):
    Profile.objects.filter(username="known").update(email="elsewhere@example.com", password="!none")
    for api in apis:
        with undone():
            assert api.request_recovery(email).outcome == "done"
            assert mail() == []
            assert DBTaskResult.objects.count() == 0


def test_an_unknown_address_takes_as_many_statements_and_leaves_as_much_to_do(cast, apis, mail):
    for api in apis:
        asked, guessed = [], []
        for email in ("owner@example.com", "nobody@example.com"):
            with undone():
                with CaptureQueriesContext(connection) as queries:
                    answer = api.request_recovery(email)
                (row,) = DBTaskResult.objects.all()
                asked.append((answer, [query["sql"].split()[0] for query in queries], row.task_path))
                mail()
                assert Code.objects.count() == 1
                with CaptureQueriesContext(connection) as queries:
                    answer = api.confirm_recovery(email, "BBBB-BBBB", NEW)
                guessed.append((answer, [query["sql"].split()[0] for query in queries]))
                assert Code.objects.get().attempts == 1
        assert asked[0] == asked[1]
        assert guessed[0] == guessed[1]


def test_what_was_pending_before_a_recovery_is_cancelled(cast, apis, mail):
    """A thief cannot return with an address whose confirmation was pending."""
    for api in apis:
        with undone():
            api.update(cast.pk("owner"), {"email": "thief@example.com"}, token=cast.token("owner"))
            mail()
            pair = api.confirm_recovery("owner@example.com", code_for(api, mail), NEW).body
            me = api.view_me(token=pair["token"]).body
            assert (me["email"], me["pending_email"]) == ("owner@example.com", None)
            assert not Code.objects.exists()


@pytest.mark.parametrize("ending", ["change_password", "log_out_everywhere", "another address"])
def test_what_ends_sign_ins_ends_codes(ending, cast, apis, mail):
    for api in apis:
        with undone():
            code, token = code_for(api, mail), cast.token("owner")
            if ending == "change_password":
                api.change_password(PASSWORD, NEW, token=token)
            elif ending == "log_out_everywhere":
                api.log_out_everywhere(token=token)
            else:
                api.update(cast.pk("owner"), {"email": "new@example.com"}, token=cast.token("staff"))
            assert api.confirm_recovery("owner@example.com", code, NEW).outcome == "CODE_INVALID"


def test_a_code_is_for_one_use(cast, apis, mail):
    for api in apis:
        with undone():
            code = code_for(api, mail)
            assert api.verify_email(code, token=cast.token("owner")).outcome == "CODE_INVALID"


def test_without_mail_there_is_no_recovery(cast, apis):
    first, second = (api.request_recovery("owner@example.com") for api in apis)
    assert first == second
    assert first.outcome == "FORBIDDEN"
    assert DBTaskResult.objects.count() == 0


def test_requests_are_counted_by_the_address_that_is_written_to_and_by_the_caller(cast, apis, mail, settings):
    settings.RECOVERY_LIMIT_PER_EMAIL, settings.RECOVERY_LIMIT_PER_ADDRESS = "2 per hour", "4 per hour"
    rest, graphql = apis
    assert rest.request_recovery("owner@example.com").outcome == "done"
    assert graphql.request_recovery(" Owner@Ex\u00adample.ｃom").outcome == "done"  # a soft hyphen, a full-width letter
    refused = [api.request_recovery("owner@example.com") for api in apis]
    assert [answer.outcome for answer in refused] == ["THROTTLED", "THROTTLED"]
    assert rest.request_recovery("nobody@example.com").outcome == "THROTTLED"  # the caller's limit


def test_requests_of_many_callers_have_a_ceiling(cast, rest, mail, settings):
    settings.RECOVERY_CEILING_PER_EMAIL = "3 per hour"
    outcomes = []
    for number in range(4):
        rest.client.defaults["REMOTE_ADDR"] = f"192.0.2.{number}"
        outcomes.append(rest.request_recovery("owner@example.com").outcome)
    assert outcomes == ["done"] * 3 + ["THROTTLED"]


@pytest.mark.parametrize(
    ("language", "subject"), [("de", "Ihr Code für ein neues Passwort"), ("es", "Su código para una contraseña nueva")]
)
def test_a_message_is_in_the_language_of_its_account(language, subject, cast, rest, mail):
    Profile.objects.filter(username="owner").update(language=language)
    rest.request_recovery("owner@example.com")
    (message,) = mail()
    assert message.subject == subject
    assert f'<html lang="{language}">' in message.alternatives[0][0]
