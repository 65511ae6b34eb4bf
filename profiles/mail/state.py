"""The state of the mail queue, for operators."""

from __future__ import annotations

from datetime import timedelta

from django.db.models import Case, Count, Min, Q, When
from django.utils import timezone
from django_tasks import TaskResultStatus
from django_tasks_db.models import DBTaskResult, get_date_max

from profiles.core.metrics import MAIL, MAIL_WAIT_SECONDS

LATE = timedelta(minutes=5)  # a message that waits longer means that the worker or the mail server is down
FIRST = get_date_max()  # `run_after` of a message before its first attempt


def look() -> str:
    """Set the queue's metrics. Returns "late" if a message has been due for more than `LATE`, else "ok".

    A message that the mail server did not accept is due at its next attempt, so a full mailbox does not cause "late".
    """
    failed = Q(status=TaskResultStatus.FAILED)
    due = Case(When(run_after=FIRST, then="enqueued_at"), default="run_after")
    found = DBTaskResult.objects.aggregate(
        failed=Count("pk", filter=failed), waiting=Count("pk", filter=~failed), since=Min(due, filter=~failed)
    )
    waited = timezone.now() - found["since"] if found["since"] else timedelta()
    for state in ("waiting", "failed"):
        MAIL.labels(state).set(found[state])
    MAIL_WAIT_SECONDS.set(max(0, waited.total_seconds()))
    return "late" if waited > LATE else "ok"
