"""Django's admin with our own AdminSite."""

from django.contrib.admin.apps import AdminConfig


class SiteConfig(AdminConfig):
    default_site = "profiles.admin.site.Site"
