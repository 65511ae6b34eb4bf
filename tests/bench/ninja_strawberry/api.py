from django.shortcuts import get_object_or_404
from ninja import ModelSchema, NinjaAPI, PatchDict
from ninja.errors import HttpError
from ninja.pagination import PageNumberPagination, paginate
from ninja.security import HttpBearer

from tests.bench.ninja_strawberry.tokens import owner_of
from tests.bench.stock.models import SHOWN, Profile


class Bearer(HttpBearer):
    def authenticate(self, request, token):
        return owner_of(token)


class ProfileOut(ModelSchema):
    class Meta:
        model = Profile
        fields = SHOWN


class ProfileSummaryOut(ModelSchema):
    class Meta:
        model = Profile
        fields = ["username", "display_name", "bio", "location"]


class ProfileIn(ModelSchema):
    class Meta:
        model = Profile
        fields = ["username", "email", "bio", "display_name", "location", "website", "time_zone", "visibility"]


api = NinjaAPI(auth=Bearer())


@api.get("/profiles/", response=list[ProfileOut])
@paginate(PageNumberPagination, max_page_size=100)
def list_profiles(request):
    return Profile.objects.all()


@api.get("/profile-summaries/", response=list[ProfileSummaryOut])
@paginate(PageNumberPagination, max_page_size=100)
def list_profile_summaries(request):
    return Profile.objects.all()


@api.get("/profiles/{pk}/", response=ProfileOut)
def get_profile(request, pk: int):
    return get_object_or_404(Profile, pk=pk)


@api.patch("/profiles/{pk}/", response=ProfileOut)
def update_profile(request, pk: int, payload: PatchDict[ProfileIn]):
    profile = get_object_or_404(Profile, pk=pk)
    if profile != request.auth:
        raise HttpError(403, "Only its owner may change a profile.")
    for name, value in payload.items():
        setattr(profile, name, value)
    profile.updated_by = request.auth
    profile.save()
    return profile
