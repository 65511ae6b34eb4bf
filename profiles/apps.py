"""The Django app."""

from django.apps import AppConfig


class ProfilesConfig(AppConfig):
    name = "profiles"

    def ready(self) -> None:
        from profiles.admin import accounts  # noqa: F401  # it registers the models with the admin's site
        from profiles.identity.throttling import counter

        counter()
