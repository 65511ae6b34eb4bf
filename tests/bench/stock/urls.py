from django.urls import include, path
from django.views.decorators.csrf import csrf_exempt
from graphene_django.views import GraphQLView
from rest_framework.routers import DefaultRouter

from tests.bench.stock.views import ProfileSummaryList, ProfileViewSet

router = DefaultRouter()
router.register("profiles", ProfileViewSet)

urlpatterns = [
    path("", include(router.urls)),
    path("profile-summaries/", ProfileSummaryList.as_view()),
    path("graphql/", csrf_exempt(GraphQLView.as_view())),
]
