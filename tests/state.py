"""The stored rows, so that a test can check that nothing changed."""

from contextlib import contextmanager

from django.db import transaction

from profiles.resource import PROFILES


def stored(resource=PROFILES):
    """Every row of a resource, and of its history."""
    return [list(model.objects.order_by("pk").values()) for model in (resource.model, resource.changes)]


@contextmanager
def undone():
    """Roll back the block's writes."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)
