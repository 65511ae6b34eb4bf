"""REST's URL patterns, with and without trailing slash."""

from django.urls import re_path

from profiles.core.resources import resources
from profiles.resource import PROFILES
from profiles.rest import identity
from profiles.rest.batch import BatchView
from profiles.rest.resources import routes
from profiles.rest.views import (
    ExportView,
    OwnProfileView,
    ProfileByUsernameView,
    ProfileHistoryView,
    ProfilesView,
    ProfileView,
)

urlpatterns = [
    re_path(r"^profiles/?$", ProfilesView.as_view(), name="profiles"),
    re_path(r"^profiles/me/?$", OwnProfileView.as_view(), name="me"),
    re_path(r"^profiles/(?P<pk>[0-9]+)/?$", ProfileView.as_view(), name="profile"),
    re_path(r"^profiles/(?P<pk>[0-9]+)/history/?$", ProfileHistoryView.as_view(), name="history"),
    re_path(r"^profiles/me/history/?$", ProfileHistoryView.as_view(), name="history-me"),
    re_path(r"^profiles/me/export/?$", ExportView.as_view(), name="export-me"),
    re_path(r"^profiles/(?P<pk>[0-9]+)/export/?$", ExportView.as_view(), name="export"),
    re_path(
        r"^profiles/by-username/(?P<username>[^/]+)/?$",
        ProfileByUsernameView.as_view(),
        name="profile-by-username",
    ),
    *(route for resource in resources(but=PROFILES) for route in routes(resource)),
    *identity.routes(),
    re_path(r"^batch/?$", BatchView.as_view(), name="batch"),
    re_path(r"^\.well-known/jwks\.json$", identity.KeySetView.as_view(), name="key-set"),
]
