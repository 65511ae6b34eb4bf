"""What the policy says, for REST framework."""

from typing import Any, ClassVar

from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.views import APIView

from profiles.core.policy import Action, require_operation
from profiles.identity.callers import actor_of


def require_operation_of(view: Any, request: Request) -> None:
    """Pass where the caller's token is for the operation that a request is. Raises `Refused`: FORBIDDEN.

    A view asks after the request was counted, and before it reads a row or a body. To ask for the methods of a path
    (OPTIONS) is no operation, and neither is a method that it does not take.
    """
    operation = view.operations.get("GET" if request.method == "HEAD" else request.method)
    if operation:
        require_operation(actor_of(request), operation)


class PolicyPermission(BasePermission):
    """Asks the policy of the row's resource about the action that each method is. Raises its refusal."""

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
