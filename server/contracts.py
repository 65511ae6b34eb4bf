"""Views of both APIs' committed contracts."""

import json

import yaml
from django.conf import settings
from django.http import HttpResponse
from rest_framework.permissions import AllowAny
from rest_framework.renderers import BaseRenderer, JSONRenderer
from rest_framework.request import Request
from rest_framework.views import APIView

OPENAPI = (settings.BASE_DIR / "profiles" / "openapi.yaml").read_text()
OPENAPI_AS_JSON = json.dumps(yaml.safe_load(OPENAPI))
SDL = (settings.BASE_DIR / "graphql_api" / "schema.graphql").read_text()


class ContractView(APIView):
    """A contract's text, for any caller. To generate it per request would cost more than any operation."""

    authentication_classes = ()
    permission_classes = (AllowAny,)
    throttle_classes = ()
    schema = None  # not an operation of the OpenAPI contract
    text = ""
    media_type = ""

    def get(self, request: Request) -> HttpResponse:
        return HttpResponse(self.text, content_type=self.media_type, headers={"Content-Language": "en"})

    def perform_content_negotiation(self, request: Request, force: bool = False) -> tuple[BaseRenderer, str]:
        """Ignore `Accept`, because a contract has one format. The renderer is for errors."""
        return JSONRenderer(), JSONRenderer.media_type
