"""Every path of the service: the one place that knows both doors."""

from django.contrib import admin
from django.urls import include, path, re_path
from django.views.generic import RedirectView

from server import views

urlpatterns = [
    path("", views.index, name="index"),
    path("", include("profiles.urls")),
    path("", include("graphql_api.urls")),
    path("admin", RedirectView.as_view(pattern_name="admin:index")),
    path("admin/", admin.site.urls),
    re_path("", views.not_found),
]

handler400 = views.bad_request
handler403 = views.forbidden
handler500 = views.internal
