"""Verification and change of email addresses, in both APIs."""

import re
from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from profiles.models import EmailUndo, Profile
from tests.cast import PASSWORD
from tests.parity.test_recovery import NEW, codes_in
from tests.state import undone

UNDO = re.compile(r"https://example\.com/#/undo/(\S+)")
SIGN_UP = {"username": "ada", "email": "ada@example.com", "password": PASSWORD}


def only_code(mail):
    (message,) = mail()
    (code,) = codes_in(message)
    return message.to, code


def changed(api, cast, mail, *, verified=True):
    """The message to the old address after the owner changed and confirmed the address."""
    Profile.objects.filter(username="owner").update(email_verified=verified)
    token = cast.token("owner")
    api.update(cast.pk("owner"), {"email": "new@example.com"}, token=token)
    assert api.verify_email(only_code(mail)[1], token=token).outcome == "done"
    (message,) = mail()
    return message


def test_a_sign_up_is_sent_a_code_that_verifies_its_address(db, apis, mail):
    for api in apis:
        with undone():
            made = api.create(SIGN_UP).body
            assert (made["email_verified"], made["pending_email"]) == (False, None)
            to, code = only_code(mail)
            token = api.sign_in("ada", PASSWORD).body["token"]
            assert to == ["ada@example.com"]
            assert api.verify_email(code, token=token).outcome == "done"
            assert api.view_me(token=token).body["email_verified"] is True
            assert api.resend_verification(token=token).outcome == "FORBIDDEN"
            assert mail() == []


def test_a_sign_up_that_fails_sends_nothing(cast, apis, mail):
    for api in apis:
        assert api.create(SIGN_UP | {"username": "owner"}).outcome == "invalid"
        assert mail() == []


def test_a_sign_up_that_is_repeated_sends_one_message(db, apis, mail):
    for api in apis:
        with undone():
            for _attempt in range(2):
                assert api.create(SIGN_UP, key="one").outcome == "done"
            assert len(mail()) == 1


@pytest.mark.parametrize("header", ["de", "es-MX, en;q=0.5"])
def test_a_sign_up_is_written_to_in_its_language(header, db, apis, mail):
    for api in apis:
        with undone():
            api.client.defaults["HTTP_ACCEPT_LANGUAGE"] = header
            assert api.create(SIGN_UP).body["language"] == header[:2]
            assert api.create(SIGN_UP | {"username": "eve", "language": "en"}).body["language"] == "en"


def test_another_code_takes_the_place_of_the_first(cast, apis, mail):
    for api in apis:
        with undone():
            token, codes = cast.token("owner"), []
            for _time in range(2):
                assert api.resend_verification(token=token).outcome == "done"
                codes.append(only_code(mail)[1])
            assert api.verify_email(codes[0], token=token).outcome == "CODE_INVALID"
            assert api.verify_email(codes[1], token=token).outcome == "done"


def test_a_new_address_waits_until_it_is_confirmed(cast, apis, mail):
    for api in apis:
        with undone():
            token = cast.token("owner")
            pending = api.update(cast.pk("owner"), {"email": "new@example.com", "bio": "B"}, token=token).body
            assert (pending["email"], pending["pending_email"], pending["bio"]) == (
                "owner@example.com", "new@example.com", "B",
            )  # fmt: skip
            to, code = only_code(mail)
            assert to == ["new@example.com"]
            assert api.verify_email(code.lower().replace("-", " "), token=token).outcome == "done"
            me = api.view_me(token=token).body
            assert (me["email"], me["pending_email"], me["email_verified"]) == ("new@example.com", None, True)
            assert me["version"] == pending["version"] + 1


@pytest.mark.parametrize("way", ["update", "replace", "update_many"])
def test_every_way_to_write_an_address_waits(way, cast, apis, mail):
    values = {"username": "owner", "email": "new@example.com"}
    for api in apis:
        with undone():
            token, pk = cast.token("owner"), cast.pk("owner")
            answer = (
                api.update_many([(pk, values)], token=token)
                if way == "update_many"
                else getattr(api, way)(pk, values, token=token)
            )
            assert answer.outcome == "done"
            row = Profile.objects.get(pk=pk)
            assert (row.email, row.pending_email) == ("owner@example.com", "new@example.com")
            assert len(mail()) == 1


def test_only_the_last_address_that_was_written_can_be_confirmed(cast, apis, mail):
    for api in apis:
        with undone():
            token = cast.token("owner")
            api.update(cast.pk("owner"), {"email": "first@example.com"}, token=token)
            _, first = only_code(mail)
            api.update(cast.pk("owner"), {"email": "second@example.com"}, token=token)
            _, second = only_code(mail)
            assert api.verify_email(first, token=token).outcome == "CODE_INVALID"
            assert api.verify_email(second, token=token).outcome == "done"
            assert api.view_me(token=token).body["email"] == "second@example.com"


def test_a_change_to_the_address_that_is_in_place_cancels(cast, apis, mail):
    for api in apis:
        with undone():
            token = cast.token("owner")
            api.update(cast.pk("owner"), {"email": "new@example.com"}, token=token)
            _, code = only_code(mail)
            cancelled = api.update(cast.pk("owner"), {"email": "owner@example.com"}, token=token).body
            assert (cancelled["email"], cancelled["pending_email"]) == ("owner@example.com", None)
            assert api.verify_email(code, token=token).outcome == "CODE_INVALID"


def test_a_replacement_by_what_was_shown_cancels_nothing(cast, rest, mail):
    token = cast.token("owner")
    shown = rest.update(cast.pk("owner"), {"email": "new@example.com"}, token=token).body
    assert rest.replace(cast.pk("owner"), shown | {"bio": "B"}, token=token).body["pending_email"] == "new@example.com"


def test_neither_what_is_pending_nor_what_is_verified_can_be_written(cast, apis, mail):
    for api in apis:
        for actor in ("owner", "staff"):
            for values in ({"pending_email": "x@example.com"}, {"email_verified": True}):
                with undone():
                    if api.source == "graphql":  # its inputs lack these fields
                        assert api.update(cast.pk("owner"), values, token=cast.token(actor)).outcome == "BAD_REQUEST"
                        continue
                    answer = api.update(cast.pk("owner"), values, token=cast.token(actor))
                    assert [error[:2] for error in answer.errors] == [("read_only", next(iter(values)))]


def test_who_reads_what_is_pending(cast, apis, mail):
    Profile.objects.filter(username="mailed").update(pending_email="new@example.com", email_verified=True)
    for api in apis:
        for actor, shown in (
            ("anonymous", (None, None)),
            ("member", (None, None)),
            ("staff", ("new@example.com", True)),
            ("mailed", ("new@example.com", True)),
        ):
            body = api.view(cast.pk("mailed"), token=cast.token(actor)).body
            assert (body["pending_email"], body["email_verified"]) == shown


def test_the_old_address_can_undo_a_change_for_72_hours(cast, apis, mail):
    for api in apis:
        with undone():
            message = changed(api, cast, mail)
            assert message.to == ["owner@example.com"]
            (undo,) = UNDO.findall(message.body)
            thief = cast.token("owner")
            assert api.undo_email_change(undo).outcome == "done"
            assert api.view_me(token=thief).outcome == api.sign_in("owner", PASSWORD).outcome == "UNAUTHENTICATED"
            to, code = only_code(mail)
            assert to == ["owner@example.com"]
            pair = api.confirm_recovery("owner@example.com", code, NEW).body
            me = api.view_me(token=pair["token"]).body
            assert (me["email"], me["email_verified"]) == ("owner@example.com", True)
            assert api.undo_email_change(undo).outcome == "CODE_INVALID"
        with undone(), time_machine.travel(timezone.now(), tick=False) as clock:
            (undo,) = UNDO.findall(changed(api, cast, mail).body)
            clock.shift(timedelta(hours=72))
            assert api.undo_email_change(undo).outcome == "CODE_INVALID"


def test_an_undo_ends_those_of_later_changes(cast, apis, mail):
    """A thief who changed the address twice cannot undo the second change after the owner's undo."""
    for api in apis:
        with undone():
            (first,) = UNDO.findall(changed(api, cast, mail).body)
            token = cast.token("owner")
            api.update(cast.pk("owner"), {"email": "other@example.com"}, token=token)
            api.verify_email(only_code(mail)[1], token=token)
            (second,) = UNDO.findall(mail()[0].body)
            assert api.undo_email_change(first).outcome == "done"
            assert api.undo_email_change(second).outcome == "CODE_INVALID"
            assert not EmailUndo.objects.exists()


def test_nobody_undoes_the_return_to_an_address(cast, apis, mail):
    """The owner returns to the old address with a code, not the link; the thief's address gets no undo link."""
    for api in apis:
        with undone():
            (link,) = UNDO.findall(changed(api, cast, mail).body)
            token = cast.token("owner")
            api.update(cast.pk("owner"), {"email": "owner@example.com"}, token=token)
            assert api.verify_email(only_code(mail)[1], token=token).outcome == "done"
            (notice,) = mail()
            assert (notice.to, UNDO.findall(notice.body)) == (["new@example.com"], [])
            assert not EmailUndo.objects.exists()
            assert api.undo_email_change(link).outcome == "CODE_INVALID"


def test_an_address_that_was_not_verified_is_told_and_undoes_nothing(cast, apis, mail):
    for api in apis:
        with undone():
            message = changed(api, cast, mail, verified=False)
            assert message.to == ["owner@example.com"]
            assert not UNDO.findall(message.body)
            assert not EmailUndo.objects.exists()


def test_staff_give_another_an_address_at_once_and_its_owner_is_told(cast, apis, mail):
    for api in apis:
        with undone():
            answer = api.update(cast.pk("owner"), {"email": "new@example.com"}, token=cast.token("staff"))
            assert (answer.body["email"], answer.body["email_verified"]) == ("new@example.com", False)
            notice, code = sorted(mail(), key=lambda message: message.to, reverse=True)
            assert (notice.to, UNDO.findall(notice.body)) == (["owner@example.com"], [])
            assert code.to == ["new@example.com"]
            assert api.verify_email(codes_in(code)[0], token=cast.token("owner")).outcome == "done"


def test_staff_confirm_their_own_address(cast, apis, mail):
    for api in apis:
        with undone():
            body = api.update(cast.pk("staff"), {"email": "new@example.com"}, token=cast.token("staff")).body
            assert (body["email"], body["pending_email"]) == ("staff@example.com", "new@example.com")


def test_without_mail_an_address_changes_at_once(cast, apis):
    Profile.objects.update(email_verified=True)
    for api in apis:
        with undone():
            body = api.update(cast.pk("owner"), {"email": "new@example.com"}, token=cast.token("owner")).body
            assert (body["email"], body["pending_email"], body["email_verified"]) == ("new@example.com", None, False)
            assert api.resend_verification(token=cast.token("owner")).outcome == "FORBIDDEN"


def test_what_an_account_has_mailed_is_limited(cast, apis, mail, settings):
    settings.MAIL_LIMIT_PER_ACCOUNT = "3 per hour"
    rest, graphql = apis
    token, pk = cast.token("owner"), cast.pk("owner")
    assert rest.update(pk, {"email": "a@example.com"}, token=token).outcome == "done"
    assert graphql.update(pk, {"email": "b@example.com"}, token=token).outcome == "done"
    assert graphql.resend_verification(token=token).outcome == "done"
    refused = [
        *(api.update(pk, {"email": "c@example.com"}, token=token) for api in apis),
        *(api.resend_verification(token=token) for api in apis),
    ]
    assert {answer.outcome for answer in refused} == {"THROTTLED"}
    assert Profile.objects.get(pk=pk).pending_email == "b@example.com"


@pytest.fixture
def must_verify(settings, mail):
    settings.REQUIRE_VERIFIED_EMAIL = True


@pytest.mark.parametrize("actor", ["owner", "staff"])
@pytest.mark.usefixtures("must_verify")
def test_an_unverified_account_writes_nothing_else_where_that_is_required(actor, cast, apis):
    token, pk = cast.token(actor), cast.pk(actor)
    for api in apis:
        refused = [
            api.update(pk, {"bio": "B"}, token=token),
            api.update(pk, {"bio": "B", "email": "new@example.com"}, token=token),
            api.replace(pk, {"username": actor, "email": f"{actor}@example.com", "bio": "B"}, token=token),
            api.update_many([(pk, {"bio": "B"})], token=token),
            api.update(cast.pk("shown"), {"bio": "B"}, token=token),
            api.delete(pk, token=token),
            api.create(SIGN_UP, token=token),
            api.create_personal_token("Mine", ["read"], 1, token=token),
        ]
        assert [answer.outcome for answer in refused] == ["EMAIL_UNVERIFIED"] * len(refused)
        assert api.update(pk, {"bio": "B"}, token=cast.token(f"{actor} (read)")).outcome == "FORBIDDEN"
        assert api.view_me(token=token).body["editable_fields"] == ["email"]


@pytest.mark.usefixtures("must_verify")
def test_an_unverified_account_can_verify_leave_and_correct_its_address(cast, apis, mail):
    for api in apis:
        with undone():
            token, pk = cast.token("owner"), cast.pk("owner")
            assert api.resend_verification(token=token).outcome == "done"
            assert api.end_other_sessions(token=token).outcome == "done"
            assert api.update(pk, {"email": "right@example.com"}, token=token).outcome == "done"
            code = codes_in(mail()[-1])[0]
            token = api.change_password(PASSWORD, NEW, token=token).body["token"]
            assert api.verify_email(code, token=token).outcome == "CODE_INVALID"  # the old password ended it
            assert api.resend_verification(token=token).outcome == "done"
            assert api.verify_email(only_code(mail)[1], token=token).outcome == "done"
            assert api.update(pk, {"bio": "B"}, token=token).outcome == "done"
            assert api.log_out_everywhere(token=token).outcome == "done"
