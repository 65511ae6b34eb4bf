"""The stock project's settings, with the apps of django-ninja and strawberry-graphql-django."""

from tests.bench.stock.settings import *  # noqa: F403
from tests.bench.stock.settings import INSTALLED_APPS as STOCK_APPS

OTHERS = {"rest_framework", "graphene_django", "django_filters"}
INSTALLED_APPS = [*(app for app in STOCK_APPS if app not in OTHERS), "ninja", "strawberry_django"]
ROOT_URLCONF = "tests.bench.ninja_strawberry.urls"
AUTHENTICATION_BACKENDS = ["django.contrib.auth.backends.ModelBackend"]
