"""The Django app."""

from django.apps import AppConfig
from django.core.checks import register
from django.utils.module_loading import autodiscover_modules


class ProfilesConfig(AppConfig):
    name = "profiles"

    def ready(self) -> None:
        from profiles.core.checks import check_deprecations, check_resources
        from profiles.mail.checks import check_mail
        from profiles.rest.contract.deprecations import check_places

        register(check_resources)
        register(check_deprecations)
        register(check_mail, deploy=True)
        register(check_places)
        autodiscover_modules("resource")  # each app's declarations of resources
        from profiles.admin import accounts, mail  # noqa: F401  # they register the models in the admin
        from profiles.identity.issuers import issuers
        from profiles.identity.throttling import counter
        from profiles.mail import letters  # noqa: F401  # it registers the functions that write messages

        counter()
        issuers()
