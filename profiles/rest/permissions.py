"""What the policy says, for REST framework."""

from typing import Any, ClassVar

from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.views import APIView

from profiles.core.policy import Action, require_operation
from profiles.identity.callers import actor_of


def require_operation_of(view: Any, request: Request) -> bool:
    """Whether a request is an operation: OPTIONS is none, nor is a method that the path does not take.

    A view asks after the request was counted, and before it reads a row or a body.

    Raises:
        Refused: FORBIDDEN: the caller's token is not for the operation.
    """
    operation = view.operations.get("GET" if request.method == "HEAD" else request.method)
    if operation:
        require_operation(actor_of(request), operation)
    return bool(operation)


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
