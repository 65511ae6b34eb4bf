"""The state of the queue of mail, for operators."""

from __future__ import annotations

from datetime import timedelta

from django.db.models import Count, Min, Q
from django.utils import timezone
from django_tasks import TaskResultStatus
from django_tasks_db.models import DBTaskResult

from profiles.core.metrics import MAIL, MAIL_WAIT_SECONDS

LATE = timedelta(minutes=5)  # that the oldest message has waited


def look() -> str:
    """Count what is in the queue, into the metrics. Returns "late" where a message has waited too long, else "ok"."""
    failed = Q(status=TaskResultStatus.FAILED)
    found = DBTaskResult.objects.aggregate(
        failed=Count("pk", filter=failed), waiting=Count("pk", filter=~failed), since=Min("enqueued_at", filter=~failed)
    )
    waited = timezone.now() - found["since"] if found["since"] else timedelta()
    for state in ("waiting", "failed"):
        MAIL.labels(state).set(found[state])
    MAIL_WAIT_SECONDS.set(max(0, waited.total_seconds()))
    return "late" if waited > LATE else "ok"
