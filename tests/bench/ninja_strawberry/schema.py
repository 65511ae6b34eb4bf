import strawberry
import strawberry_django
from django.core.exceptions import PermissionDenied
from strawberry import auto, relay
from strawberry_django.mutations import resolvers
from strawberry_django.optimizer import DjangoOptimizerExtension
from strawberry_django.permissions import IsAuthenticated
from strawberry_django.relay import DjangoListConnection

from tests.bench.stock.models import Profile


@strawberry_django.type(Profile)
class ProfileNode(relay.Node):
    username: auto
    email: auto
    bio: auto
    display_name: auto
    location: auto
    website: auto
    time_zone: auto
    visibility: auto
    email_public: auto
    is_active: auto
    is_staff: auto
    last_login: auto
    created_at: auto
    updated_at: auto
    updated_by: "ProfileNode | None"
    version: auto


@strawberry_django.partial(Profile)
class ProfilePartialInput:
    id: auto
    username: auto
    email: auto
    bio: auto
    display_name: auto
    location: auto
    website: auto
    time_zone: auto
    visibility: auto


@strawberry.type
class Query:
    profiles: DjangoListConnection[ProfileNode] = strawberry_django.connection(extensions=[IsAuthenticated()])

    @strawberry_django.field(extensions=[IsAuthenticated()])
    def profile(self, pk: int) -> ProfileNode:
        return Profile.objects.get(pk=pk)


@strawberry.type
class Mutation:
    @strawberry_django.mutation(extensions=[IsAuthenticated()])
    def update_profile(self, info: strawberry.Info, input: ProfilePartialInput) -> ProfileNode:  # noqa: A002
        profile = Profile.objects.get(pk=input.id)
        user = info.context.request.user
        if profile != user:
            raise PermissionDenied
        profile.updated_by = user
        return resolvers.update(info, profile, resolvers.parse_input(info, vars(input)))


schema = strawberry.Schema(query=Query, mutation=Mutation, extensions=[DjangoOptimizerExtension])
