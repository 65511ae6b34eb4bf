"""The GraphQL door's path, with and without its last slash."""

from django.urls import re_path

from graphql_api.views import GraphQLView

urlpatterns = [re_path(r"^graphql/?$", GraphQLView.as_view(), name="graphql")]
