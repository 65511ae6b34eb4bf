"""REST framework permissions that apply the policy."""

from typing import Any, ClassVar

from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.views import APIView

from profiles.core.policy import Action, require_operation
from profiles.identity.callers import actor_of


def require_operation_of(view: Any, request: Request) -> bool:
    """Whether a request is an operation: not OPTIONS, and a method that the path supports.

    Views call this after rate limits, and before they load a row or read a body.

    Raises:
        Refused: FORBIDDEN: the caller's token does not cover the operation.
    """
    operation = view.operations.get("GET" if request.method == "HEAD" else request.method)
    if operation:
        require_operation(actor_of(request), operation)
    return bool(operation)


class PolicyPermission(BasePermission):
    """Checks the action of the HTTP method with the policy of the row's resource. Raises `Refused` as that does."""

    actions: ClassVar = {
        "GET": Action.VIEW,
        "HEAD": Action.VIEW,
        "PATCH": Action.UPDATE,
        "PUT": Action.REPLACE,
        "DELETE": Action.DELETE,
    }

    def has_object_permission(self, request: Request, view: APIView, obj: Any) -> bool:
        obj.policy.require(actor_of(request), self.actions[str(request.method)], obj)
        return True
