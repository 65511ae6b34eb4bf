from rest_framework import generics, pagination, permissions, viewsets

from tests.bench.stock.models import Profile
from tests.bench.stock.serializers import ProfileSerializer, ProfileSummarySerializer


class ProfilePagination(pagination.PageNumberPagination):
    page_size = 20
    page_size_query_param = "page_size"
    max_page_size = 100


class IsOwnerOrReadOnly(permissions.BasePermission):
    def has_object_permission(self, request, view, obj):
        return request.method in permissions.SAFE_METHODS or obj == request.user


class ProfileViewSet(viewsets.ModelViewSet):
    queryset = Profile.objects.all()
    serializer_class = ProfileSerializer
    pagination_class = ProfilePagination
    permission_classes = [permissions.IsAuthenticated, IsOwnerOrReadOnly]

    def perform_update(self, serializer):
        serializer.save(updated_by=self.request.user)


class ProfileSummaryList(generics.ListAPIView):
    queryset = Profile.objects.all()
    serializer_class = ProfileSummarySerializer
    pagination_class = ProfilePagination
