"""Settings of a project that serves notes, and deprecates one part of each kind."""

from datetime import date

from profiles.core.deprecations import Deprecation
from tests.project import *  # noqa: F403

DAYS = {"since": date(2026, 11, 1), "until": date(2999, 5, 1)}
HISTORY = Deprecation(
    name="note-history",
    rest=("GET /notes/{id}/history",),
    graphql=("Note.history",),
    **DAYS,
    reason="A note's history is moving.",
    link="https://example.com/history",
)
DELETION = Deprecation(
    name="note-deletion",
    rest=("DELETE /notes/{id}",),
    graphql=("Mutation.deleteNote",),
    since=date(2026, 12, 1),
    until=date(2999, 3, 1),
    reason="Notes are kept.",
    replacement="`shared: false`",
    link="https://example.com/deletion",
)
FILTER = Deprecation(
    name="note-title-filter",
    rest=("GET /notes?title",),
    graphql=("NoteFilterInput.title",),
    **DAYS,
    reason="Titles get long.",
    link="https://example.com/filter",
)
BODY = Deprecation(
    name="note-body",
    rest=("Note.body", "NoteRequest.body", "PatchedNoteRequest.body"),
    graphql=("Note.body", "CreateNoteInput.body", "UpdateNoteInput.body", "ReplaceNoteInput.body"),
    since=date(2026, 12, 1),
    until=date(2999, 3, 1),
    reason="It has no structure.",
    replacement="`title`",
    link="https://example.com/body",
)
ORDER = Deprecation(
    name="note-order",
    graphql=("NoteOrder.UPDATED_AT",),
    **DAYS,
    reason="Nobody asks.",
    link="https://example.com/order",
)
KEY = Deprecation(
    name="note-key", graphql=("Query.note(id:)",), **DAYS, reason="Keys are shorter.", link="https://example.com/key"
)
SIGN_OUTS = Deprecation(
    name="sign-outs",
    rest=("Account.sign_outs",),
    **DAYS,
    reason="It is a number.",
    link="https://example.com/sign-outs",
)
DEPRECATIONS = (HISTORY, DELETION, FILTER, BODY, ORDER, KEY, SIGN_OUTS)
