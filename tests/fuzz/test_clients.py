"""Random clients, each step through a random API, compared with a model in plain Python.

A difference between the APIs shows as a difference from the model. If a step changes nothing, another API gets the same
request and must return an equal answer.
"""

from contextlib import nullcontext
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
import time_machine
from django.db import connection
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, multiple, rule, run_state_machine_as_test

from profiles.identity import families
from tests.apis import RESTAPI, BatchAPI, GraphQLAPI
from tests.cast import NOBODY, PASSWORD
from tests.fuzz.deletion import deleting
from tests.fuzz.model import ACCESS, SIGN_IN, Account, Caller, Refusal, World, in_an_order, moment
from tests.fuzz.orders import Kept, modelled_accounts, stored_accounts
from tests.fuzz.values import FIELDS, OF_ADDRESS, PASSWORDS, inputs
from tests.state import undone

STEPS = 40
ACTING = "acting"  # the account of the next step's caller
TICK = timedelta(milliseconds=1)
MEANWHILE = st.one_of(st.none(), st.none(), st.none(), st.integers(0, 3))  # statement at which the caller is deleted
WAITS = [timedelta(seconds=9), timedelta(seconds=11), timedelta(minutes=6), timedelta(hours=25), timedelta(days=15)]
ACTORS = {"owner": "read write", "owner (read)": "read", "member": "read write", "staff": "read write"}
SCOPES = {"read": "read", "write": "read write"}
ORDERINGS = {
    "username": lambda account: (account.values["username"].lower(),),
    "created_at": lambda account: (account.created_at, account.pk),
    "updated_at": lambda account: (account.updated_at, account.pk),
}
FILTERS = {
    "username": st.sampled_from(["OWNER", "free", "nobody"]),
    "username_prefix": st.sampled_from(["o", "Sh", "%", "_", "f"]),
    "location": st.sampled_from(["graz", "HERE", "nowhere"]),
    "visibility": st.sampled_from(["public", "members", "private"]),
    "is_active": st.sampled_from(["true", "false"]),
    "search": st.sampled_from(["roses", "GROWS Roses", "compilers", "roses compilers", "nowhere", "graz"]),
}
MOMENTS = ["created_after", "created_before", "updated_after", "updated_before"]
API = st.integers(0, 2)
SIZES = st.sampled_from([None, 1, 2, 3, 5, 100])


def profile_of(actor):
    return actor.partition(" ")[0]


def of_another_type(values):
    """Whether GraphQL's schema refuses the values' types as a whole, where REST reports an error per field."""
    kinds = {name: bool if name in ("email_public", "is_active") else str for name in FIELDS}
    return any(type(value) not in (kinds.get(name), type(None)) for name, value in values.items() if name != "version")


def changes_in_full(rows):
    """A history's rows without the values that differ between two runs."""
    return [
        {name: value for name, value in row.items() if name not in ("request_id", "changes")}
        | {"changes": {each["field"]: (each["from"], each["to"]) for each in row["changes"]}}
        for row in rows
    ]


@dataclass(frozen=True)
class Modelled:
    """The model's result of a step: its outcome, and its content if it succeeds."""

    outcome: str = "done"
    errors: tuple = ()
    details: dict = field(default_factory=dict)
    shown: object = None

    def fits(self, answer):
        """Whether an answer equals the model's result, profiles included."""
        if (answer.outcome, answer.details) != (self.outcome, self.details):
            return False
        if self.outcome == "invalid":
            return tuple(error[:2] for error in answer.errors) == self.errors
        if isinstance(self.shown, Account):  # a sign-up, first or repeated
            return self.shown.pk in (0, answer.body["id"])
        if isinstance(self.shown, dict) and "username" in self.shown:
            return answer.body == self.shown
        return True


class Clients(RuleBasedStateMachine):
    callers, accounts, tags, cursors = Bundle("callers"), Bundle("accounts"), Bundle("tags"), Bundle("cursors")

    def __init__(self, wire, cast, begin, pairs):
        """`pairs` has the tokens of each of `ACTORS`, who signed in at `begin`."""
        super().__init__()
        self.apis = RESTAPI(wire), GraphQLAPI(wire), BatchAPI(wire)
        self.wire, self.cast, self.world = wire, cast, World()
        self.now, self.pairs = begin, pairs
        self.wire.clock = lambda: time_machine.travel(self.now, tick=False)
        self.deleted = None  # the account and the statement at which another request deletes it during the next step
        self.undoing = undone()
        self.undoing.__enter__()
        for profile in self.cast.profiles.values():
            values = {name: getattr(profile, name) for name in (*FIELDS, *OF_ADDRESS)}
            self.world.accounts.append(
                Account(profile.pk, values, PASSWORD, profile.is_staff, profile.created_at, profile.updated_at)
            )

    def teardown(self):
        self.undoing.__exit__(None, None, None)
        self.wire.clock = nullcontext

    # Playing a step

    def play(self, api, call, expected, *, caller=None, changes=False, differs=False):
        """Play a step, and compare the API's answer with the model's result; return both, or None after an error.

        Args:
            API: the API's index.
            call: sends the request through an API.
            expected: asks the model; raises `Refusal`.
            caller: the caller whose token is sent, if any.
            changes: whether a successful step changes something.
            differs: whether GraphQL's schema refuses the values.
        """
        self.now += TICK
        (account, point), self.deleted = self.deleted or (None, None), None
        if account == ACTING:
            account = caller and caller.account
        if account and account.is_there and account.values["is_active"]:
            return self.play_while(account, point, api, call, expected, caller=caller, changes=changes, differs=differs)
        modelled = self.modelled(api, expected, caller, differs=differs)
        answer = call(self.apis[api])
        assert (answer.outcome, answer.details) == (modelled.outcome, modelled.details), answer
        if answer.outcome == "invalid":
            assert tuple(error[:2] for error in answer.errors) == modelled.errors
        if not (differs or (changes and answer.outcome == "done")):
            assert call(self.apis[(api + 1) % len(self.apis)]) == answer
        return (answer, modelled.shown) if answer.outcome == "done" else None

    def modelled(self, api, expected, caller, *, differs, identifies=True):
        """The model's result of a step."""
        try:
            if caller and identifies:
                self.world.identified(caller, self.now)
            if differs and self.apis[api].source == "graphql":
                raise Refusal("BAD_REQUEST")
            return Modelled(shown=expected())
        except Refusal as refused:
            return Modelled(refused.outcome, refused.errors, refused.details)

    def play_while(self, account, point, api, call, expected, *, caller, changes, differs):
        """Play a step while another request deletes an account. The answer and the stored rows must match one order.

        The orders are: the deletion first; the deletion last; or, if nothing is written, the deletion between the check
        of the caller's token and the rest, which includes a write whose target is then NOT_FOUND. A page, a history or
        an export reads several times, so only its outcome is compared.
        """
        kept, modelled = Kept(self.world), lambda **how: self.modelled(api, expected, caller, differs=differs, **how)
        with deleting(account.pk, point, self.wire.clock):
            answer = call(self.apis[api])
        connection.check_constraints()  # foreign keys, as at commit
        stored = stored_accounts()
        is_read_between = not changes or answer.outcome == "NOT_FOUND"
        orders = ["first", "between", "last"] if is_read_between else ["first", "last"]
        for order in orders:
            kept.restore()
            if order != "last":
                self.world.remove(account)
            found = modelled(identifies=order != "between")
            if order == "last":
                self.world.remove(account)
            if found.fits(answer) and modelled_accounts(self.world) == stored:
                is_export = "sign_ins" in (answer.body or ())
                is_compared = answer.outcome == "done" and (changes or "username" in answer.body) and not is_export
                return (answer, found.shown) if is_compared else None
        raise AssertionError(f"{account} was deleted before statement {point}: {answer} is of no order")

    def shows(self, played):
        """The entity tag for a later precondition, after comparing the content; or nothing."""
        if played is None:
            return multiple()
        answer, shown = played
        assert answer.body == shown
        assert self.world.tags.setdefault(answer.etag, shown) == shown
        return answer.etag

    def signed_in(self, body, family, number=0):
        """The caller with these new tokens."""
        expires_at = (self.now + ACCESS).replace(microsecond=0)
        assert body["expires_at"] == moment(expires_at)
        assert body["refresh_expires_at"] == moment(family.created_at + SIGN_IN)
        assert body["scope"] == family.scope
        return Caller(body["token"], body["refresh_token"], family, number, expires_at)

    @rule(account=st.one_of(st.just(ACTING), st.just(ACTING), accounts), point=st.integers(0, 5))
    def meanwhile(self, account, point):
        """Let another request delete this account, or the acting one, during the next step."""
        self.deleted = account, point

    # Initial state

    @initialize(target=accounts)
    def the_cast(self):
        never = Account(NOBODY, {"username": "nobody"}, "", False, self.now, self.now, is_there=False)
        return multiple(*self.world.accounts, never)

    @initialize(target=callers)
    def the_callers(self):
        return multiple(Caller(), *(self.caller(*each) for each in self.pairs.items()))

    def caller(self, actor, pair):
        pk = self.cast.pk(profile_of(actor))
        account = next(each for each in self.world.accounts if each.pk == pk)
        family = self.world.begin(account, pair.scope, self.now)
        return Caller(pair.token, pair.refresh_token, family, 0, pair.expires_at)

    # Reading

    @rule(target=tags, api=API, caller=callers, account=accounts)
    def view(self, api, caller, account):
        return self.shows(
            self.play(
                api,
                lambda d: d.view(account.pk, token=caller.token),
                lambda: self.world.view(caller, account),
                caller=caller,
            )
        )

    @rule(target=tags, api=API, caller=callers, account=accounts)
    def view_by_username(self, api, caller, account):
        name = account.values["username"].swapcase()
        there = next((a for a in self.world.there() if a.values["username"].lower() == name.lower()), None)
        return self.shows(
            self.play(
                api,
                lambda d: d.view_by_username(name, token=caller.token),
                lambda: self.world.view(caller, there),
                caller=caller,
            )
        )

    @rule(target=tags, api=API, caller=callers)
    def view_me(self, api, caller):
        return self.shows(
            self.play(
                api,
                lambda d: d.view_me(token=caller.token),
                lambda: self.world.view(caller, caller.account),
                caller=caller,
            )
        )

    @rule(api=API, caller=callers, account=accounts, size=SIZES, back=st.booleans())
    def history(self, api, caller, account, size, back):
        page = {"direction": "back"} if back else {}
        page |= {"page_size": size} if size else {}
        if back and not size:
            return
        played = self.play(
            api,
            lambda d: d.history(account.pk, token=caller.token, **page),
            lambda: self.world.history(caller, account),
            caller=caller,
        )
        if played:
            answer, shown = played
            size = size or 20
            assert changes_in_full(answer.body["rows"]) == (shown[-size:] if back else shown[:size])

    @rule(api=API, caller=callers, account=accounts)
    def export(self, api, caller, account):
        played = self.play(
            api,
            lambda d: d.export(account.pk, token=caller.token),
            lambda: self.world.export(caller, account, self.now),
            caller=caller,
            changes=True,
        )
        if played:
            answer, shown = played
            held = answer.body
            del held["idempotency_keys"]  # kept for a day, and until the next write with a key
            assert shown == held | {
                "account": {name: value for name, value in held["account"].items() if name != "sign_outs"},
                "history": changes_in_full(held["history"]),
                "exports": [(each["started_at"], each["ended_at"]) for each in held["exports"]],
                "writes_to_others": sorted(
                    (each["profile"], each["version"], each["at"]) for each in held["writes_to_others"]
                ),
                "sign_ins": in_an_order(
                    (each["scope"], each["created_at"], each["expires_at"], each["ended_at"])
                    for each in held["sign_ins"]
                ),
            }

    @rule(
        target=cursors,
        api=API,
        caller=callers,
        filters=st.lists(st.sampled_from([*FILTERS, *MOMENTS]), unique=True, max_size=2),
        ordering=st.sampled_from([None, *ORDERINGS, *(f"-{name}" for name in ORDERINGS)]),
        size=SIZES,
        count=st.booleans(),
        account=accounts,
        data=st.data(),
    )
    def first_page(self, api, caller, filters, ordering, size, count, account, data):
        wanted = {
            name: data.draw(FILTERS[name], label=name) if name in FILTERS else account.created_at.isoformat()
            for name in filters
        }
        wanted |= {"ordering": ordering} if ordering else {}
        wanted |= {"count": "true"} if count else {}
        return self.page(api, caller, wanted, size, None)

    @rule(target=cursors, api=API, caller=callers, cursor=cursors, size=SIZES, back=st.booleans())
    def another_page(self, api, caller, cursor, size, back):
        return self.page(api, caller, cursor.wanted, size, cursor, back=back)

    def page(self, api, caller, wanted, size, cursor, *, back=False):
        filters = {name: value for name, value in wanted.items() if name not in ("ordering", "count")}
        newest = "-updated_at" if filters.keys() & {"updated_after", "updated_before"} else "-created_at"
        ordering = wanted.get("ordering", newest)
        key, falls = ORDERINGS[ordering.removeprefix("-")], ordering.startswith("-")
        sent = wanted | ({"page_size": size} if size else {})
        sent |= {"cursor": cursor.text, "direction": "back" if back else "forward"} if cursor else {}
        played = self.play(
            api,
            lambda d: d.list(token=caller.token, **sent),
            lambda: self.world.listed(caller, **filters),
            caller=caller,
        )
        if played is None:
            return multiple()
        answer, found = played
        found.sort(key=key, reverse=falls)
        size = size or 20
        beyond = [each for each in found if cursor is None or is_beyond(key(each), cursor.place, falls=falls != back)]
        rows = beyond[-size:] if back else beyond[:size]
        assert answer.body["rows"] == [self.world.shown(caller, a) for a in rows]
        assert answer.body.get("count") == (len(found) if "count" in wanted else None)
        more = len(beyond) > size
        has_next, has_previous = (True, more) if back else (more, cursor is not None)
        ends = [("next", rows[-1:], has_next), ("previous", rows[:1], has_previous)]
        for name, end, there in ends:
            assert (answer.body[name] is not None) == (there and bool(end))
        return multiple(*(Cursor(answer.body[name], wanted, key(end[0])) for name, end, there in ends if there and end))

    # Writing

    @rule(
        target=tags,
        api=API,
        caller=callers,
        account=accounts,
        values=inputs(),
        replaces=st.booleans(),
        whole=st.booleans(),
        if_match=st.one_of(st.none(), st.none(), tags, st.sampled_from(["*", '"0-none"'])),
        version=st.one_of(st.none(), st.none(), st.sampled_from([0, -1, "null"])),
        meanwhile=MEANWHILE,
    )
    def write(self, api, caller, account, values, replaces, whole, if_match, version, meanwhile):
        if meanwhile is not None:
            self.deleted = ACTING, meanwhile
        if replaces and whole:
            values = {"username": account.values["username"], "email": "whole@example.com"} | values
        if version is not None:
            values = values | {"version": None if version == "null" else account.version + version}
        given = {} if if_match is None else {"if_match": if_match}
        return self.shows(
            self.play(
                api,
                lambda d: (d.replace if replaces else d.update)(account.pk, values, token=caller.token, **given),
                lambda: self.world.update(
                    caller, account, values, self.now, self.apis[api].source, if_match=if_match, replaces=replaces
                ),
                caller=caller,
                changes=True,
                differs=of_another_type(values),
            )
        )

    @rule(api=API, caller=callers, items=st.lists(st.tuples(accounts, inputs()), max_size=4), meanwhile=MEANWHILE)
    def update_many(self, api, caller, items, meanwhile):
        if meanwhile is not None:
            self.deleted = ACTING, meanwhile
        played = self.play(
            api,
            lambda d: d.update_many([(account.pk, values) for account, values in items], token=caller.token),
            lambda: self.world.update_many(caller, items, self.now, self.apis[api].source),
            caller=caller,
            changes=True,
            differs=any(of_another_type(values) for _, values in items),
        )
        if played:
            answer, shown = played
            assert answer.body["rows"] == shown

    @rule(api=API, caller=callers, account=accounts, if_match=st.one_of(st.none(), tags), rarely=st.integers(0, 3))
    def delete(self, api, caller, account, if_match, rarely):
        if rarely:
            return
        given = {} if if_match is None else {"if_match": if_match}
        self.play(
            api,
            lambda d: d.delete(account.pk, token=caller.token, **given),
            lambda: self.world.delete(caller, account, if_match),
            caller=caller,
            changes=True,
        )

    # Identity

    @rule(
        target=accounts,
        api=API,
        caller=callers,
        values=inputs(),
        password=st.sampled_from(list(PASSWORDS)),
        key=st.sampled_from([None, "1", "2"]),
        whole=st.booleans(),
    )
    def sign_up(self, api, caller, values, password, key, whole):
        if whole:
            values = {"username": "free", "email": "free@example.com", "password": password} | values
        played = self.play(
            api,
            lambda d: d.create(values, token=caller.token, key=key),
            lambda: self.world.create(caller, values, self.now, key),
            caller=caller,
            changes=True,
            differs=of_another_type({name: value for name, value in values.items() if name != "password"}),
        )
        if played is None:
            return multiple()
        answer, account = played
        if account.answered:  # a repeated sign-up
            assert answer.body == account.answered
            return multiple()
        account.pk, account.answered = answer.body["id"], answer.body
        reader = caller if caller.is_staff else Caller(family=self.world.family_of(account))
        assert answer.body == self.world.shown(reader, account)
        return account

    @rule(
        target=callers,
        api=API,
        account=accounts,
        password=st.sampled_from([None, None, None, *PASSWORDS]),
        scope=st.sampled_from(["read", "write"]),
    )
    def sign_in(self, api, account, password, scope):
        username, password = account.values["username"].upper(), password or account.password
        played = self.play(
            api,
            lambda d: d.sign_in(username, password, scope=scope),
            lambda: self.world.sign_in(username, password, SCOPES[scope], self.now),
            changes=True,
        )
        return self.signed_in(played[0].body, played[1]) if played else multiple()

    @rule(target=callers, api=API, caller=callers)
    def refresh(self, api, caller):
        if caller.family is None:
            return multiple()
        played = self.play(
            api,
            lambda d: d.refresh(caller.refresh_token),
            lambda: self.world.refresh(caller, self.now),
            changes=True,
        )
        return self.signed_in(played[0].body, caller.family, played[1]) if played else multiple()

    @rule(api=API, caller=callers)
    def verify(self, api, caller):
        played = self.play(
            api,
            lambda d: d.verify(caller.token or "x.y.z"),
            lambda: self.world.verify(caller, self.now),
        )
        if played:
            assert played[0].body == played[1]

    @rule(api=API, caller=callers)
    def revoke(self, api, caller):
        self.play(
            api,
            lambda d: d.revoke(caller.refresh_token or "x"),
            lambda: caller.family and caller.family.is_alive(self.now) and caller.family.end(self.now),
        )

    @rule(api=API, caller=callers)
    def sign_out_everywhere(self, api, caller):
        self.play(
            api,
            lambda d: d.log_out_everywhere(token=caller.token),
            lambda: self.world.sign_out(caller, self.now),
            caller=caller,
            changes=True,
        )

    @rule(
        target=callers,
        api=API,
        caller=callers,
        old=st.sampled_from([None, None, *PASSWORDS]),
        new=st.sampled_from(list(PASSWORDS)),
    )
    def change_password(self, api, caller, old, new):
        old = old or (caller.account.password if caller.account else "")
        played = self.play(
            api,
            lambda d: d.change_password(old, new, token=caller.token),
            lambda: self.world.change_password(caller, old, new, self.now),
            caller=caller,
            changes=True,
        )
        return self.signed_in(played[0].body, played[1]) if played else multiple()

    @rule(span=st.sampled_from(WAITS), rarely=st.integers(0, 2))
    def wait(self, span, rarely):
        if not rarely:
            self.now += span


def is_beyond(place, other, *, falls):
    return place < other if falls else place > other


class Cursor:
    """A place in a list: the API's cursor, the list's parameters, and the row's own sort values."""

    def __init__(self, text, wanted, place):
        self.text, self.wanted, self.place = text, wanted, place


@pytest.mark.share(0.6)
def test_random_clients_are_answered_as_the_model_says(cast, wire, progress):
    begin = datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=1)
    with time_machine.travel(begin, tick=False):
        pairs = {actor: families.start(cast[profile_of(actor)], scope) for actor, scope in ACTORS.items()}
    many = settings(
        max_examples=10,
        stateful_step_count=STEPS,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    machine = partial(Clients, wire, cast, begin, pairs)
    progress.spend(lambda seed: run_state_machine_as_test(seed(machine), settings=many))
