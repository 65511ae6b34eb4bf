"""Deletion of an account during another request, at a chosen statement."""

from contextlib import contextmanager

from django.db import connection

from profiles.core import writing
from profiles.core.actors import Actor
from profiles.models import Profile

ENDS = ("RELEASE SAVEPOINT", "ROLLBACK TO SAVEPOINT")


class Deletion:
    """Delete the account in a concurrent request, before statement number `point` of this one.

    Only statements outside the request's own transactions count, and those that begin one: later in a transaction, the
    deletion would wait for its locks.
    """

    def __init__(self, pk, point):
        self.pk, self.point, self.is_done = pk, point, False
        self.depth = len(connection.savepoint_ids)

    def __call__(self, execute, sql, params, many, context):
        is_outside = len(connection.savepoint_ids) == self.depth and not sql.startswith(ENDS)
        if is_outside and not self.is_done:
            if self.point == 0:
                self.delete()
            self.point -= 1
        return execute(sql, params, many, context)

    def delete(self):
        self.is_done = True
        if profile := Profile.objects.filter(pk=self.pk).first():  # the request itself may have deleted it
            writing.delete(profile, actor=Actor(profile))


@contextmanager
def deleting(pk, point, clock):
    """Delete the account before a statement of the block, counted from 0, or after the block if it has fewer.

    `clock` makes a context that sets the time for a deletion after the block.
    """
    deletion = Deletion(pk, point)
    with connection.execute_wrapper(deletion):
        yield
    if not deletion.is_done:
        with clock():
            deletion.delete()
