"""Django's admin, on our site."""

from django.contrib.admin.apps import AdminConfig


class SiteConfig(AdminConfig):
    default_site = "profiles.admin.site.Site"
