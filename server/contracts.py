"""Both APIs' contracts, as they are committed."""

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
    """A text for whoever asks. To make it of the code each time would cost more than any operation."""

    authentication_classes = ()
    permission_classes = (AllowAny,)
    throttle_classes = ()
    schema = None  # it is about the operations, and none of them
    text = ""
    media_type = ""

    def get(self, request: Request) -> HttpResponse:
        return HttpResponse(self.text, content_type=self.media_type, headers={"Content-Language": "en"})

    def perform_content_negotiation(self, request: Request, force: bool = False) -> tuple[BaseRenderer, str]:
        """A contract has one form, whatever a client would rather have. The renderer is for a refusal."""
        return JSONRenderer(), JSONRenderer.media_type
