"""What is stored, so that a test can say that nothing changed."""

from contextlib import contextmanager

from django.db import transaction

from profiles.models import Change, Profile


def stored():
    """Every row of both tables, as it is."""
    return list(Profile.objects.order_by("pk").values()), list(Change.objects.order_by("pk").values())


@contextmanager
def undone():
    """Undo afterwards whatever the block writes."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)
