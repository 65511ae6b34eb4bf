from django.contrib.auth.models import AnonymousUser
from django.urls import path
from django.views.decorators.csrf import csrf_exempt
from strawberry.django.views import GraphQLView

from tests.bench.ninja_strawberry.api import api
from tests.bench.ninja_strawberry.schema import schema
from tests.bench.ninja_strawberry.tokens import owner_of


class BearerGraphQLView(GraphQLView):
    def dispatch(self, request, *args, **kwargs):
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        request.user = owner_of(token) or AnonymousUser()
        return super().dispatch(request, *args, **kwargs)


urlpatterns = [
    path("graphql/", csrf_exempt(BearerGraphQLView.as_view(schema=schema))),
    path("", api.urls),
]
