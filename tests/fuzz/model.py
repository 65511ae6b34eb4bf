"""A model of the service in plain Python, written from the contract: the expected answer to each client."""

import base64
import math
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from profiles.fields import RESERVED_USERNAMES
from tests.fuzz.values import DEFAULTS, FIELDS, OF_ADDRESS, PASSWORDS, Wrong, cleaned, comparable

ACCESS = timedelta(minutes=5)
SIGN_IN = timedelta(days=14)
GRACE = timedelta(seconds=10)
KEY_KEPT = timedelta(hours=24)
DAY = timedelta(days=1)
EXPORTS_PER_DAY = 5
OF_STAFF = {"is_active"}
OF_OWNER = {"visibility", "email_public", "language"}


class Refusal(Exception):
    """An operation that does not succeed: the outcome, its details, and the errors by field."""

    def __init__(self, outcome, errors=(), **details):
        self.outcome, self.errors, self.details = outcome, tuple(errors), details
        super().__init__(outcome)


def in_an_order(rows):
    """Sort rows by value, because rows that began at the same instant may come in either order."""
    return sorted(rows, key=repr)


@dataclass(eq=False)
class Change:
    version: int
    actor: "Account | None"
    at: datetime
    source: str
    fields: dict


@dataclass(eq=False)
class Account:
    pk: int
    values: dict
    password: str
    is_staff: bool
    created_at: datetime
    updated_at: datetime
    updated_by: "Account | None" = None
    version: int = 1
    history: list = field(default_factory=list)
    families: list = field(default_factory=list)
    exports: list = field(default_factory=list)  # the start of each
    is_there: bool = True
    answered: dict | None = None  # the response to its sign-up

    def __repr__(self):
        return f"<{self.values['username']}>"


@dataclass(eq=False)
class Family:
    """A sign-in. Its refresh tokens are numbered in order; `used` has the time that each was used."""

    account: Account
    scope: str
    created_at: datetime
    ended_at: datetime | None = None
    used: list = field(default_factory=lambda: [None])

    def is_alive(self, now):
        there = self.account.is_there and self.account.values["is_active"]
        return there and self.ended_at is None and now < self.created_at + SIGN_IN

    def end(self, now):
        self.ended_at = self.ended_at or now


@dataclass(eq=False)
class Caller:
    """A client's credentials: none, or an access token with its refresh token."""

    token: str | None = None
    refresh_token: str | None = None
    family: Family | None = None
    number: int = 0  # the refresh token's number in its family
    expires_at: datetime | None = None

    @property
    def account(self):
        return self.family and self.family.account

    @property
    def is_staff(self):
        return self.account is not None and self.account.is_staff

    @property
    def may_write(self):
        return self.family is None or self.family.scope == "read write"

    def __repr__(self):
        return f"{self.account!r} ({self.family.scope})" if self.family else "<anonymous>"


def moment(value):
    return value.isoformat(timespec="microseconds").replace("+00:00", "Z")


def denied(caller, *, writes=True):
    """The error for a caller without permission."""
    if not caller.account:
        return Refusal("UNAUTHENTICATED")
    is_of_scope = writes and not caller.may_write
    return Refusal("FORBIDDEN", reason="insufficient_scope" if is_of_scope else "not_permitted")


class World:
    """Every account, and who may do what to it."""

    def __init__(self):
        self.accounts = []
        self.keys = {}  # sign-ups: (caller, key, input if anonymous) to (input, account, time)
        self.tags = {}  # entity tags to representations

    # Permissions

    def sees(self, caller, account):
        if not account.is_there:
            return False
        if caller.is_staff or caller.account is account:
            return True
        shown_to = {"public"} if caller.account is None else {"public", "members"}
        return account.values["is_active"] and account.values["visibility"] in shown_to

    def seen(self, caller, account):
        if account is None or not self.sees(caller, account):
            raise Refusal("NOT_FOUND" if caller.account else "UNAUTHENTICATED")

    def permitted(self, caller, account, *, writes, staff_too=True):
        self.seen(caller, account)
        allowed = caller.account is account or (staff_too and caller.is_staff)
        if not allowed or (writes and not caller.may_write):
            raise denied(caller, writes=writes)

    def editable(self, caller, account):
        if not caller.may_write or not (caller.account is account or caller.is_staff):
            return []
        others = caller.is_staff and caller.account is not account
        return [name for name in FIELDS if others or name not in OF_STAFF]

    def shown(self, caller, account):
        """An account as this caller sees it."""
        close = caller.is_staff or caller.account is account
        hidden = set() if caller.is_staff else OF_STAFF if close else OF_STAFF | OF_OWNER | OF_ADDRESS.keys()
        values = {name: None if name in hidden else value for name, value in account.values.items()}
        if not (close or account.values["email_public"]):
            values["email"] = None
        writer = account.updated_by
        return values | {
            "id": account.pk,
            "node_id": base64.b64encode(f"Profile:{account.pk}".encode()).decode(),
            "created_at": moment(account.created_at),
            "updated_at": moment(account.updated_at),
            "updated_by": writer.pk if writer and self.sees(caller, writer) else None,
            "version": account.version,
            "editable_fields": self.editable(caller, account),
        }

    # Reading

    def view(self, caller, account):
        self.seen(caller, account)
        return self.shown(caller, account)

    def history(self, caller, account):
        """An account's history, newest first."""
        self.permitted(caller, account, writes=False)
        return [self.shown_change(caller, change) for change in reversed(account.history)]

    def shown_change(self, caller, change):
        fields = {k: v for k, v in change.fields.items() if caller.is_staff or k not in OF_STAFF}
        return {
            "version": change.version,
            "at": moment(change.at),
            "actor": change.actor.pk if change.actor and self.sees(caller, change.actor) else None,
            "source": change.source,
            "changes": {name: tuple(values) for name, values in fields.items()},
        }

    def exported(self, account, now):
        """The last day's exports, including one that begins now."""
        recent = [at for at in account.exports if at > now - DAY]
        if len(recent) >= EXPORTS_PER_DAY:
            wait = recent[-EXPORTS_PER_DAY] + DAY - now
            raise Refusal("THROTTLED", retry_after=math.ceil(wait.total_seconds()))
        account.exports = [*recent, now]
        return [(moment(at), moment(at)) for at in recent] + [(moment(now), None)]

    def export(self, caller, account, now):
        self.permitted(caller, account, writes=False)
        others = [other for other in self.there() if other is not account]
        writes = [(other.pk, change) for other in others for change in other.history if change.actor is account]
        return {
            "profile": self.shown(caller, account),
            "history": self.history(caller, account)[::-1],
            "writes_to_others": sorted((pk, change.version, moment(change.at)) for pk, change in writes),
            "account": {"is_staff": account.is_staff, "is_superuser": False, "groups": [], "permissions": []},
            "personal_tokens": [],
            "external_identities": [],
            "codes": [],
            "email_undos": [],
            "admin_sessions": [],
            "admin_log": [],
            "exports": self.exported(account, now),
            "sign_ins": in_an_order(
                (f.scope, moment(f.created_at), moment(f.created_at + SIGN_IN), f.ended_at and moment(f.ended_at))
                for f in account.families
            ),
        }

    def there(self):
        return [account for account in self.accounts if account.is_there]

    def listed(self, caller, search=None, **filters):
        """The accounts on all pages of a list, unordered."""
        if not caller.is_staff and filters.keys() & (OF_STAFF | OF_OWNER):
            raise Refusal("FORBIDDEN", reason="not_permitted")
        found = [account for account in self.there() if self.sees(caller, account)]
        if search is not None:
            found = [a for a in found if all(word in self.words(a) for word in search.lower().split())]
        return [a for a in found if all(PASSES[name](a, value) for name, value in filters.items())]

    @staticmethod
    def words(account):
        return " ".join(account.values[name] for name in ("display_name", "location", "bio")).lower()

    # Writing

    def expect(self, caller, account, values, if_match):
        """Check the preconditions: an entity tag of what this caller sees now, and a version."""
        held = self.tags.get(if_match)
        if if_match not in (None, "*") and held != self.shown(caller, account):
            raise Refusal("CONFLICT", version=account.version)
        if type(values.get("version")) is int and values["version"] != account.version:
            raise Refusal("CONFLICT", version=account.version)

    def validated(self, caller, values, *, editable, shown, taken, defaults=None):
        """The values to store for an input. Raises `Refusal` with every error, in the fields' order.

        Args:
            shown: what the caller sees of the fields that it may not write.
            taken: other accounts' usernames.
            defaults: the values of fields that are left out; None to leave them unchanged.
        """
        good, errors, own = {}, [], shown["username"] and shown["username"].lower()
        for name in editable:
            try:
                if name in values:
                    good[name] = cleaned(name, values[name])
                    if name == "password":
                        errors += self.judged(good[name], name)
                    if name == "username" and good[name].lower() != own:
                        self.check_free(good[name].lower(), taken)
                elif defaults is not None and name in defaults:
                    good[name] = defaults[name]
                elif defaults is not None:
                    raise Wrong("required")
            except Wrong as wrong:
                errors.append((str(wrong), name))
        kept = OF_STAFF - set(editable)
        errors += [("read_only", name) for name in kept if name in values and values[name] is not shown[name]]
        if "version" in values and type(values["version"]) is not type(shown["version"]):
            errors.append(("invalid", "version"))
        errors += [("unknown", name) for name in values if name not in (*FIELDS, "password", "version")]
        if errors:
            raise Refusal("invalid", errors)
        return good

    @staticmethod
    def check_free(name, taken):
        if name in RESERVED_USERNAMES:
            raise Wrong("reserved")
        if name in taken:
            raise Wrong("unique")

    def names(self, *, but=None):
        return {account.values["username"].lower() for account in self.there() if account is not but}

    def update(self, caller, account, values, now, api, *, if_match=None, replaces=False):
        self.permitted(caller, account, writes=True)
        self.expect(caller, account, values, if_match)
        good = self.validated(
            caller,
            values,
            editable=self.editable(caller, account),
            shown=self.shown(caller, account),
            taken=self.names(but=account),
            defaults=DEFAULTS if replaces else None,
        )
        self.write(caller, account, good, now, api, replaces=replaces)
        return self.shown(caller, account)

    def write(self, caller, account, good, now, api, *, replaces=False):
        good = self.addressed(caller, account, good, replaces)
        changes = {name: (account.values[name], new) for name, new in good.items() if account.values[name] != new}
        if not changes:
            return
        account.values |= good
        account.version += 1
        account.updated_at, account.updated_by = now, caller.account
        account.history.append(Change(account.version, caller.account, now, api, changes))
        if not account.values["is_active"]:
            self.end_families(account, now)

    @staticmethod
    def addressed(caller, account, good, replaces):
        """Apply a change of address: an owner's waits for confirmation, staff's applies at once, unverified."""
        email, current = good.get("email"), account.values["email"]
        if email is None or (email == current and replaces):
            return good
        if email == current:
            return good | {"pending_email": None}
        if caller.account is account:
            return good | {"email": current, "pending_email": email}
        return good | OF_ADDRESS

    def update_many(self, caller, items, now, api):
        if not (caller.account and caller.may_write):
            raise denied(caller)
        for row, (account, _) in enumerate(items):
            try:
                self.permitted(caller, account, writes=True)
            except Refusal as refused:
                raise Refusal(refused.outcome, row=row, **refused.details) from None
        wanted = [comparable(v["username"].strip()) for _, v in items if isinstance(v.get("username"), str)]
        twice = {name for name in wanted if name and wanted.count(name) > 1}
        good, errors = [], []
        for row, (account, values) in enumerate(items):
            try:
                self.expect(caller, account, values, None)
                taken = (self.names() | twice) - {account.values["username"].lower()}
                shown = self.shown(caller, account)
                editable = self.editable(caller, account)
                good.append(self.validated(caller, values, editable=editable, shown=shown, taken=taken))
                if [other for other, _ in items].count(account) > 1:
                    errors.append(("invalid", f"{row}.id"))
            except Refusal as refused:
                if refused.outcome != "invalid":
                    raise Refusal(refused.outcome, row=row, **refused.details) from None
                errors += [(code, f"{row}.{name}") for code, name in refused.errors]
        if errors:
            raise Refusal("invalid", errors)
        for (account, _), each in zip(items, good, strict=True):
            self.write(caller, account, each, now, api)
        return [self.shown(caller, account) for account, _ in items]

    def delete(self, caller, account, if_match=None):
        self.permitted(caller, account, writes=True)
        self.expect(caller, account, {}, if_match)
        self.remove(account)

    def remove(self, account):
        """Delete an account, and remove it as the actor of its writes to others."""
        account.is_there = False
        for other in self.accounts:
            if other.updated_by is account:
                other.updated_by = None
            for change in other.history:
                if change.actor is account:
                    change.actor = None

    # Identity

    def create(self, caller, values, now, key=None):
        """The account that a sign-up creates, or the one it created earlier with the same key."""
        if not caller.may_write:
            raise denied(caller)
        name = (caller.account, key, None if caller.account else repr(sorted(values.items())))
        before = self.keys.get(name) if key else None
        if before and before[1].is_there and now <= before[2] + KEY_KEPT:
            if before[0] != values:
                raise Refusal("KEY_REUSED")
            return before[1]
        good = self.validated(
            caller,
            values,
            editable=[each for each in FIELDS if caller.is_staff or each not in OF_STAFF] + ["password"],
            shown=dict.fromkeys((*FIELDS, "version")),
            taken=self.names(),
            defaults=DEFAULTS,
        )
        password = good.pop("password")
        account = Account(0, DEFAULTS | OF_ADDRESS | good, password, False, now, now)
        self.accounts.append(account)
        if key:
            self.keys[name] = (dict(values), account, now)
        return account

    @staticmethod
    def judged(password, name):
        """The errors of a new password."""
        return [(f"password_{what}", name) for what in PASSWORDS[password]]

    def sign_in(self, username, password, scope, now):
        """The family that a sign-in starts."""
        try:
            cleaned("password", password)
        except Wrong as wrong:
            raise Refusal("invalid", [(str(wrong), "password")]) from None
        account = next((a for a in self.there() if a.values["username"].lower() == comparable(username)), None)
        if account is None or account.password != password or not account.values["is_active"]:
            raise Refusal("UNAUTHENTICATED")
        return self.begin(account, scope, now)

    @staticmethod
    def begin(account, scope, now):
        family = Family(account, scope, now)
        account.families.append(family)
        return family

    @staticmethod
    def refresh(caller, now):
        """Use the caller's refresh token; return its successor's number. Raises `Refusal`."""
        family, number = caller.family, caller.number
        if not family.is_alive(now):
            raise Refusal("UNAUTHENTICATED")
        used, is_newest = family.used[number], number == len(family.used) - 1
        if is_newest:
            family.used[number] = now
            family.used.append(None)
        elif used < now - GRACE or family.used[number + 1] is not None:
            family.end(now)
            raise Refusal("UNAUTHENTICATED")
        return number + 1

    def identified(self, caller, now):
        if caller.family and not (caller.family.is_alive(now) and now < caller.expires_at):
            raise Refusal("UNAUTHENTICATED")

    def verify(self, caller, now):
        if caller.family is None:
            raise Refusal("UNAUTHENTICATED")
        self.identified(caller, now)
        account = caller.account
        whose = {name: self.shown(caller, account)[name] for name in ("id", "node_id", "username")}
        return whose | {"expires_at": moment(caller.expires_at), "scope": caller.family.scope}

    @staticmethod
    def family_of(account):
        """A family that lets a new account see itself."""
        return Family(account, "read write", account.created_at)

    def sign_out(self, caller, now):
        self.permitted(caller, caller.account, writes=True)
        self.end_families(caller.account, now)

    @staticmethod
    def end_families(account, now):
        for family in account.families:
            family.end(now)

    def change_password(self, caller, old, new, now):
        self.permitted(caller, caller.account, writes=True, staff_too=False)
        errors = []
        for name, text in (("old_password", old), ("new_password", new)):
            try:
                cleaned("password", text)
                if name == "new_password":
                    errors += self.judged(text, name)
            except Wrong as wrong:
                errors.append((str(wrong), name))
        if errors:
            raise Refusal("invalid", errors)
        if old != caller.account.password:
            raise Refusal("invalid", [("invalid", "old_password")])
        caller.account.password = new
        self.end_families(caller.account, now)
        return self.begin(caller.account, "read write", now)


PASSES = {
    "username": lambda account, value: account.values["username"].lower() == comparable(value),
    "username_prefix": lambda account, value: account.values["username"].lower().startswith(value.lower()),
    "location": lambda account, value: account.values["location"].lower() == value.lower(),
    "visibility": lambda account, value: account.values["visibility"] == value,
    "is_active": lambda account, value: account.values["is_active"] == (value == "true"),
    "created_after": lambda account, value: account.created_at >= datetime.fromisoformat(value),
    "created_before": lambda account, value: account.created_at < datetime.fromisoformat(value),
    "updated_after": lambda account, value: account.updated_at >= datetime.fromisoformat(value),
    "updated_before": lambda account, value: account.updated_at < datetime.fromisoformat(value),
}
