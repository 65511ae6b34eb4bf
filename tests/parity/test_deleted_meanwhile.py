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
    "update": lambda api, cast, token: api.update(cast.pk("known"), {"bio": "x"}, token=token),
    "replace": lambda api, cast, token: api.replace(cast.pk("known"), WHOLE, token=token),
    "several": lambda api, cast, token: api.update_many([(cast.pk("known"), {"bio": "x"})], token=token),
    "delete": lambda api, cast, token: api.delete(cast.pk("known"), token=token),
    "sign up": lambda api, cast, token: api.create(SIGN_UP, token=token),
    "log out": lambda api, cast, token: api.log_out_everywhere(token=token),
    "change password": lambda api, cast, token: api.change_password(PASSWORD, NEW, token=token),
}
OPERATIONS = WRITES | {
    "view": lambda api, cast, token: api.view(cast.pk("known"), token=token),
    "history": lambda api, cast, token: api.history(cast.pk("known"), token=token),
    "list": lambda api, cast, token: api.list(search="known", count="true", token=token),
    "sign in": lambda api, cast, token: api.sign_in("staff", PASSWORD),
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
def test_a_request_comes_before_or_after_the_deletion(cast, apis, operation, deleted):
    token, account = cast.token("staff"), cast.pk(deleted)
    before = rows_but(account)
    for api in apis:
        outcomes = []
        for point in POINTS:
            counter.cache_clear()
            with undone():
                with deleting(account, point, nullcontext):
                    answer = OPERATIONS[operation](api, cast, token)
                connection.check_constraints()  # foreign keys, as at commit
                outcomes.append(answer.outcome)
                if answer.outcome != "done":
                    assert rows_but(account) == before
        assert set(outcomes) <= OUTCOMES[deleted]
        assert outcomes[-1] == "done"  # the deletion ran after the request
