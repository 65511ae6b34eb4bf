"""Save and restore the model's state, so that each order of two concurrent requests can be tried."""

from copy import copy

from django.db.models import Count, Q

from profiles.models import Profile
from tests.fuzz.values import FIELDS, OF_ADDRESS


class Kept:
    """A saved state of a `World`, with all its accounts, sign-ins and changes."""

    def __init__(self, world):
        of_accounts = [each for account in world.accounts for each in (*account.families, *account.history)]
        self.states = [(each, attributes(each)) for each in (world, *world.accounts, *of_accounts)]

    def restore(self):
        for each, state in self.states:
            each.__dict__.update({name: copied(value) for name, value in state.items()})


def attributes(thing):
    return {name: copied(value) for name, value in vars(thing).items()}


def copied(value):
    return copy(value) if isinstance(value, list | dict) else value


def modelled_accounts(world):
    """The model's accounts by username: fields, version, last writer, and number of sign-ins that have not ended."""
    return {
        account.values["username"]: (
            account.values,
            account.version,
            account.updated_by and account.updated_by.values["username"],
            sum(family.ended_at is None for family in account.families),
        )
        for account in world.there()
    }


def stored_accounts():
    """The database's accounts, in the form of `modelled_accounts`."""
    rows = Profile.objects.select_related("updated_by").annotate(
        open_families=Count("token_families", filter=Q(token_families__ended_at=None))
    )
    return {
        row.username: (
            {name: getattr(row, name) for name in (*FIELDS, *OF_ADDRESS)},
            row.version,
            row.updated_by and row.updated_by.username,
            row.open_families,
        )
        for row in rows
    }
