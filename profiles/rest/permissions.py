"""What the policy says, for REST framework."""

from typing import ClassVar, cast

from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.views import APIView

from profiles.core.actors import Actor
from profiles.core.policy import Action
from profiles.models import Profile
from profiles.policy import policy


class PolicyPermission(BasePermission):
    """Asks the policy about the action that each method is. Raises its refusal."""

    actions: ClassVar = {
        "GET": Action.VIEW,
        "HEAD": Action.VIEW,
        "PATCH": Action.UPDATE,
        "PUT": Action.REPLACE,
        "DELETE": Action.DELETE,
    }

    def has_object_permission(self, request: Request, view: APIView, obj: Profile) -> bool:
        policy.require(cast(Actor, request.auth), self.actions[str(request.method)], obj)
        return True
