"""Deletion of an account during a request: in both APIs the request counts as before or after the deletion."""

from contextlib import nullcontext

import pytest
from django.db import connection

from profiles.identity.throttling import counter
from tests.cast import PASSWORD
from tests.fuzz.deletion import deleting
from tests.parity.identity_cases import NEW
from tests.state import stored, undone

POINTS = range(8)  # statements outside a request's own transactions, more than any operation has
SIGN_UP = {"username": "newcomer", "email": "new@example.com", "password": PASSWORD}
WHOLE = {"username": "known", "email": "known@example.com", "bio": "x"}
WRITES = {
    "update": lambda door, cast, token: door.update(cast.pk("known"), {"bio": "x"}, token=token),
    "replace": lambda door, cast, token: door.replace(cast.pk("known"), WHOLE, token=token),
    "several": lambda door, cast, token: door.update_many([(cast.pk("known"), {"bio": "x"})], token=token),
    "delete": lambda door, cast, token: door.delete(cast.pk("known"), token=token),
    "sign up": lambda door, cast, token: door.create(SIGN_UP, token=token),
    "log out": lambda door, cast, token: door.log_out_everywhere(token=token),
    "change password": lambda door, cast, token: door.change_password(PASSWORD, NEW, token=token),
}
OPERATIONS = WRITES | {
    "view": lambda door, cast, token: door.view(cast.pk("known"), token=token),
    "history": lambda door, cast, token: door.history(cast.pk("known"), token=token),
    "list": lambda door, cast, token: door.list(search="known", count="true", token=token),
    "sign in": lambda door, cast, token: door.sign_in("staff", PASSWORD),
}
OUTCOMES = {"staff": {"done", "UNAUTHENTICATED"}, "known": {"done", "NOT_FOUND"}}
"""Outcomes by deleted account: the actor, or the target."""


def rows_but(account):
    """The stored rows of the other accounts, without references to the deleted one."""
    profiles, changes = stored()
    return (
        [row | {"updated_by_id": None} for row in profiles if row["id"] != account],
        [row | {"actor_id": None} for row in changes if row["profile_id"] != account],
    )


@pytest.mark.parametrize("deleted", OUTCOMES)
@pytest.mark.parametrize("operation", OPERATIONS)
def test_a_request_comes_before_or_after_the_deletion(cast, doors, operation, deleted):
    token, account = cast.token("staff"), cast.pk(deleted)
    before = rows_but(account)
    for door in doors:
        outcomes = []
        for point in POINTS:
            counter.cache_clear()
            with undone():
                with deleting(account, point, nullcontext):
                    answer = OPERATIONS[operation](door, cast, token)
                connection.check_constraints()  # foreign keys, as at commit
                outcomes.append(answer.outcome)
                if answer.outcome != "done":
                    assert rows_but(account) == before
        assert set(outcomes) <= OUTCOMES[deleted]
        assert outcomes[-1] == "done"  # the deletion ran after the request
