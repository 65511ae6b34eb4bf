"""The mail queue in the admin: waiting and failed messages, without their recipients."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django_tasks import TaskResultStatus
from django_tasks_db.models import DBTaskResult

from profiles.admin.accounts import ReadOnly
from profiles.admin.site import ClosedAdmin
from profiles.identity.callers import actor_of

AGAIN = "Send again"


class MailAdmin(ReadOnly, ClosedAdmin):
    """Lists messages and resends failed ones."""

    list_display = ("kind", "status", "attempts", "enqueued_at", "run_after", "exception_class_path")
    list_filter = ("status",)
    fields = readonly_fields = ("id", *list_display, "finished_at", "traceback")
    ordering = ("-enqueued_at", "id")
    show_full_result_count = False
    actions = ("again",)

    @admin.display(description="Kind")
    def kind(self, row: DBTaskResult[Any, Any]) -> str:
        return str(row.args_kwargs["args"][0])

    @admin.display(description="Attempts")
    def attempts(self, row: DBTaskResult[Any, Any]) -> int:
        return len(row.worker_ids)

    @admin.action(description=AGAIN, permissions=["again"])
    def again(self, request: HttpRequest, chosen: QuerySet[DBTaskResult[Any, Any]]) -> None:
        now = timezone.now()
        failed = chosen.filter(status=TaskResultStatus.FAILED)
        count = failed.update(status=TaskResultStatus.READY, run_after=now, enqueued_at=now)
        self.message_user(request, f"Messages to send again: {count}.", messages.SUCCESS if count else messages.WARNING)

    def has_again_permission(self, request: HttpRequest) -> bool:
        return actor_of(request).is_staff and actor_of(request).may_write

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.has_module_permission(request)  # a message has no profile to check with the policy


admin.site.unregister(DBTaskResult)  # the library's own admin shows the messages' facts
admin.site.register(DBTaskResult, MailAdmin)
