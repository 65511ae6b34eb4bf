"""Deletion and export of an account, in both APIs."""

import json
from dataclasses import replace

import pytest
from django.apps import apps
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth.models import Group, Permission
from django.contrib.contenttypes.models import ContentType
from django.db import connection
from django.test import Client
from django.utils import timezone

from profiles.core import writing
from profiles.core.actors import Actor
from profiles.core.models import IdempotencyKey, Source
from profiles.identity import codes, families, undoing
from profiles.models import Change, Code, Profile, TokenFamily
from tests.cast import PASSWORD
from tests.state import stored, undone

WHO = [
    ("owner", "owner", "done"),
    ("staff", "hidden", "done"),
    ("staff", "gone", "done"),
    ("member", "known", "FORBIDDEN"),
    ("member", "hidden", "NOT_FOUND"),
    ("member", "nobody", "NOT_FOUND"),
    ("anonymous", "shown", "UNAUTHENTICATED"),
    ("anonymous", "hidden", "UNAUTHENTICATED"),
]


@pytest.mark.parametrize(("actor", "target", "outcome"), [*WHO, ("owner (read)", "owner", "FORBIDDEN")])
def test_who_deletes_whom(cast, apis, actor, target, outcome):
    token = cast.token(actor)
    answers = []
    for api in apis:
        with undone():
            before = stored()
            answers.append(api.delete(cast.pk(target), token=token))
            assert answers[-1].outcome == outcome
            if outcome == "done":
                assert not Profile.objects.filter(pk=cast.pk(target)).exists()
                assert [row for row in before[0] if row["id"] != cast.pk(target)] == stored()[0]
            else:
                assert stored() == before
    assert answers[0] == answers[1]


@pytest.mark.parametrize(
    ("tag", "outcome"), [("current", "done"), ("*", "done"), ('"0-stale"', "CONFLICT"), ("x", "CONFLICT")]
)
def test_deleting_under_a_precondition(cast, apis, tag, outcome):
    token = cast.token("owner")
    for api in apis:
        with undone():
            before = stored()
            current = api.view_me(token=token).etag
            answer = api.delete(cast.pk("owner"), token=token, if_match=current if tag == "current" else tag)
            assert answer.outcome == outcome
            assert (stored() == before) is (outcome == "CONFLICT")


@pytest.fixture
def lived(cast):
    """A history: `staff` changed `owner`, `owner` changed itself and, while it was staff, `known`."""
    writing.update(cast["owner"], {"bio": "Seen to."}, actor=Actor(cast["staff"]), source=Source.REST)
    writing.update(cast["owner"], {"bio": "My own."}, actor=Actor(cast["owner"]), source=Source.GRAPHQL)
    Profile.objects.filter(username="owner").update(is_staff=True)
    cast["owner"].refresh_from_db()
    writing.update(cast["known"], {"bio": "By the owner."}, actor=Actor(cast["owner"]), source=Source.REST)
    return cast


def test_a_deleted_account_ends_with_all_it_had_and_its_writes_to_others_stay(lived, apis):
    for api in apis:
        with undone():
            pair = families.start(lived["owner"])
            assert api.delete(lived.pk("owner"), token=pair.token).outcome == "done"
            for other in apis:
                assert other.view_me(token=pair.token).outcome == "UNAUTHENTICATED"
                assert other.refresh(pair.refresh_token).outcome == "UNAUTHENTICATED"
            assert not TokenFamily.objects.exists()
            change = Change.objects.get()
            assert (change.profile, change.actor) == (lived["known"], None)
            row = api.history(lived.pk("known"), token=lived.token("staff")).body["rows"][0]
            assert row["actor"] is None
            assert row["changes"] == [{"field": "bio", "from": "", "to": "By the owner."}]


def test_a_deleted_username_is_free_and_its_old_token_is_nobodys(cast, apis):
    token = cast.token("owner")
    apis[0].delete(cast.pk("owner"), token=token)
    made = apis[1].create({"username": "owner", "email": "a@b.co", "password": PASSWORD})
    assert made.outcome == "done"
    assert {api.view_me(token=token).outcome for api in apis} == {"UNAUTHENTICATED"}


def test_me_is_deleted_too(cast, rest):
    assert rest.send("DELETE", "/profiles/me/", token=cast.token("owner")).status_code == 204
    assert not Profile.objects.filter(username="owner").exists()


def exported(api, pk, token):
    """An export through this API, without its list of exports, to which each API adds one."""
    answer = api.export(pk, token=token)
    body = answer.body and {name: value for name, value in answer.body.items() if name != "exports"}
    return replace(answer, body=body)


@pytest.mark.parametrize(("actor", "target", "outcome"), [*WHO, ("owner (read)", "owner", "done")])
def test_who_exports_whom(cast, apis, actor, target, outcome):
    token = cast.token(actor)
    first, second = (exported(api, cast.pk(target), token) for api in apis)
    assert first == second
    assert first.outcome == outcome


def test_an_export_holds_everything_but_secrets(lived, apis, rest):
    pair = families.start(lived["owner"])
    first, second = (exported(api, lived.pk("owner"), pair.token) for api in apis)
    assert first == second
    body = first.body
    assert body["profile"]["email"] == "owner@example.com"
    assert [change["changes"][0]["to"] for change in body["history"]] == ["Seen to.", "My own."]
    assert [write["profile"] for write in body["writes_to_others"]] == [lived.pk("known")]
    assert [sign_in["scope"] for sign_in in body["sign_ins"]] == ["read write"]
    text = json.dumps(body)
    family = TokenFamily.objects.get()
    assert not any(s in text for s in (PASSWORD, lived["owner"].password, pair.refresh_token, family.digest))
    own = rest.send("GET", "/profiles/me/export", token=pair.token).json()
    assert {name: value for name, value in own.items() if name != "exports"} == body


def test_an_export_names_no_profile_that_its_reader_may_not_see(lived, apis):
    """The owner was staff when it changed `hidden`, and may no longer see it."""
    writing.update(lived["hidden"], {"bio": "By the owner."}, actor=Actor(lived["owner"]), source=Source.ADMIN)
    log(lived["owner"], lived["known"])
    log(lived["owner"], lived["hidden"])
    log(lived["staff"], lived["owner"])
    Profile.objects.filter(username="owner").update(is_staff=False)
    known, hidden, owner, staff = (lived.pk(name) for name in ("known", "hidden", "owner", "staff"))
    for api in apis:
        body = api.export(owner, token=lived.token("owner")).body
        assert [write["profile"] for write in body["writes_to_others"]] == [known, None]
        assert [(line["actor"], line["profile"]) for line in body["admin_log"]] == [
            (owner, known),
            (owner, None),
            (None, owner),
        ]
        assert [change["actor"] for change in body["history"]] == [None, owner]
        body = api.export(owner, token=lived.token("staff")).body
        assert [write["profile"] for write in body["writes_to_others"]] == [known, hidden]
        assert [(line["actor"], line["profile"]) for line in body["admin_log"]] == [
            (owner, known),
            (owner, hidden),
            (staff, owner),
        ]


# Every table that refers to an account

DELETED, KEPT = "deleted", "kept without the reference"

REFERENCES = {
    # field that refers to an account: the export's member with its rows, the effect of deletion
    "profiles.Change.profile": ("history", DELETED),
    "profiles.Change.actor": ("writes_to_others", KEPT),
    "profiles.Profile.updated_by": ("writes_to_others", KEPT),
    "profiles.Profile_groups.profile": ("account", DELETED),
    "profiles.Profile_user_permissions.profile": ("account", DELETED),
    "profiles.TokenFamily.profile": ("sign_ins", DELETED),
    "profiles.PersonalToken.profile": ("personal_tokens", DELETED),
    "profiles.ExternalIdentity.profile": ("external_identities", DELETED),
    "profiles.Code.profile": ("codes", DELETED),
    "profiles.EmailUndo.profile": ("email_undos", DELETED),
    "profiles.IdempotencyKey.profile": ("idempotency_keys", DELETED),
    "profiles.AdminSession.profile": ("admin_sessions", DELETED),
    "profiles.Export.profile": ("exports", DELETED),
    "admin.LogEntry.user": ("admin_log", DELETED),
}
BY_CONTENT_TYPE = {
    # field that may refer to a row of any table: the same, or None if it never refers to an account
    "admin.LogEntry.content_type": ("admin_log", DELETED),
    "auth.Permission.content_type": None,  # refers to a table, not to a row
}


def references_to(model):
    """The foreign keys to a model in every table: by label, the referring model and the field's name."""
    return {
        f"{each._meta.label}.{field.name}": (each, field.name)
        for each in apps.get_models(include_auto_created=True)
        for field in each._meta.get_fields()
        if field.is_relation and field.concrete and not field.many_to_many and field.related_model is model
    }


def test_every_reference_to_an_account_is_known():
    """Add a new reference to the table above, to `profiles.exports`, and to `writing.delete`."""
    assert references_to(Profile).keys() == REFERENCES.keys()
    assert references_to(ContentType).keys() == BY_CONTENT_TYPE.keys()


@pytest.fixture
def with_everything(lived, client):
    """`owner`, with a row of each kind that refers to it."""
    owner = lived["owner"]
    owner.groups.add(Group.objects.create(name="editors"))
    owner.user_permissions.add(Permission.objects.first())
    IdempotencyKey.objects.create(digest="d", body="b", profile=owner)
    log(owner, lived["known"])
    log(lived["staff"], owner)
    families.start(owner)
    lived.personal_token("owner", "read")
    owner.external_identities.create(issuer="https://id.example.com", subject="1")
    codes.issue(Code.Purpose.RECOVERY, owner.email, [owner])
    undoing.allow(owner, "old@example.com")
    Client().force_login(owner)
    owner.exports.create(ended_at=timezone.now())
    return lived


def rows_about(profile):
    """The number of rows that refer to an account, by field."""
    counts = {
        label: model.objects.filter(**{name: profile.pk}).count()
        for label, (model, name) in references_to(Profile).items()
    }
    about = {"content_type": ContentType.objects.get_for_model(Profile), "object_id": str(profile.pk)}
    return counts | {"admin.LogEntry.content_type": LogEntry.objects.filter(**about).count()}


def test_every_reference_to_an_account_is_exported(with_everything, apis):
    assert all(rows_about(with_everything["owner"]).values())
    for api in apis:
        body = api.export(with_everything.pk("owner"), token=with_everything.token("owner")).body
        known = [of for of in (*REFERENCES.values(), *BY_CONTENT_TYPE.values()) if of]
        assert {member for member, _ in known} == body.keys() - {"profile"}
        assert all(body.values())
        assert body["account"] == {
            "is_staff": True,
            "is_superuser": False,
            "groups": ["editors"],
            "permissions": [Permission.objects.first().codename],
            "sign_outs": 0,
        }


def test_a_deletion_leaves_no_reference_to_an_account(with_everything, apis):
    owner = with_everything["owner"]
    for api in apis:
        with undone():
            of = {label: rule for label, rule in (REFERENCES | BY_CONTENT_TYPE).items() if rule}
            refer = references_to(Profile) | {"admin.LogEntry.content_type": (LogEntry, "content_type")}
            token = with_everything.token("staff")
            before = {label: refer[label][0].objects.count() for label in of}
            assert api.delete(owner.pk, token=token).outcome == "done"
            assert not any(rows_about(owner).values())
            for label, (_, rule) in of.items():
                model, _name = refer[label]
                lost = before[label] - model.objects.count()
                assert lost or rule == KEPT, label


def test_a_deletion_leaves_no_name_in_any_table(with_everything, apis):
    """No column of any table has the current or a former name."""
    for username in ("zerlina.before", "zerlina.now"):
        writing.update(
            with_everything["owner"],
            {"username": username, "email": f"{username}@example.com"},
            actor=Actor(with_everything["owner"]),
            source=Source.ADMIN,
        )
        with_everything["owner"].refresh_from_db()
        log(with_everything["staff"], with_everything["owner"])
    assert {"profiles_profile", "profiles_change", "django_admin_log"} <= tables_with("zerlina")
    for api in apis:
        with undone():
            token = with_everything.token("owner")
            assert api.delete(with_everything.pk("owner"), token=token).outcome == "done"
            assert tables_with("zerlina") == set()


def tables_with(text):
    """The tables with a row that contains this text."""
    found = set()
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")  # noqa: S608
            if any(text in str(row).lower() for row in cursor.fetchall()):
                found.add(table)
    return found


def log(actor, profile):
    """Add a line to the admin's log, as its pages do."""
    LogEntry.objects.log_actions(actor.pk, [profile], CHANGE, change_message=[{"changed": {"fields": ["Bio"]}}])
