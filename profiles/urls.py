"""The REST door's paths, each with and without its last slash."""

from django.urls import re_path

from profiles.views import MeView, ProfileByUsernameView, ProfileView, TokenView

urlpatterns = [
    re_path(r"^profiles/me/?$", MeView.as_view(), name="me"),
    re_path(r"^profiles/(?P<pk>[0-9]+)/?$", ProfileView.as_view(), name="profile"),
    re_path(
        r"^profiles/by-username/(?P<username>[^/]+)/?$",
        ProfileByUsernameView.as_view(),
        name="profile-by-username",
    ),
    re_path(r"^auth/token/?$", TokenView.as_view(), name="token"),
]
