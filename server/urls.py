"""All paths of the service: the only module that imports both APIs."""

from django.contrib import admin
from django.urls import include, path, re_path
from django.views.generic import RedirectView
from drf_spectacular.views import SpectacularSwaggerSplitView

from graphql_api.core.costs import graphql_schema
from graphql_api.core.views import GraphQLView
from server import contracts, mail, pages, views

graphql_schema()  # make the schema at start-up, so that an invalid one stops the process

urlpatterns = [
    path("", pages.studio(otherwise=views.IndexView.as_view()), name="index"),
    path("", include("profiles.rest.urls")),
    re_path(r"^graphql/?$", pages.graphiql(otherwise=GraphQLView.as_view()), name="graphql"),
    re_path(
        r"^openapi\.json/?$",
        contracts.contract(contracts.OPENAPI, "application/json", contracts.as_json),
        name="openapi",
    ),
    re_path(r"^openapi\.yaml/?$", contracts.contract(contracts.OPENAPI, contracts.YAML)),
    re_path(r"^graphql/schema\.graphql/?$", contracts.contract(contracts.SDL, contracts.TEXT)),
    re_path(r"^\.well-known/api-catalog$", contracts.CatalogView.as_view()),
    re_path(
        r"^docs/?$",
        pages.docs(SpectacularSwaggerSplitView.as_view(url_name="openapi", throttle_classes=())),
        name="docs",
    ),
    *([path("mail/", pages.plain(mail.page), name="mail")] if pages.KEPT_MAIL else []),
    # For password managers: "A Well-Known URL for Changing Passwords" (W3C)
    path(".well-known/change-password", RedirectView.as_view(url="/#/account")),
    path("admin", RedirectView.as_view(pattern_name="admin:index")),
    path("admin/", admin.site.urls),
    re_path("", pages.missing(otherwise=views.not_found)),
]

handler400 = views.bad_request
handler403 = views.forbidden
handler500 = views.internal
