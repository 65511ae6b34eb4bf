"""What the policy says, for REST framework."""

from typing import Any, ClassVar

from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.views import APIView

from profiles.core.policy import Action
from profiles.identity.callers import actor_of


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
