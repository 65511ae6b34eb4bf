import graphene
from django.core.exceptions import PermissionDenied
from graphene import relay
from graphene_django import DjangoObjectType
from graphene_django.filter import DjangoFilterConnectionField
from graphene_django.rest_framework.mutation import SerializerMutation
from graphql_jwt.decorators import login_required

from tests.bench.stock.models import SHOWN, Profile
from tests.bench.stock.serializers import ProfileSerializer


class ProfileNode(DjangoObjectType):
    class Meta:
        model = Profile
        fields = SHOWN
        filter_fields = ["username", "location"]
        interfaces = [relay.Node]


class Query(graphene.ObjectType):
    profile = graphene.Field(ProfileNode, pk=graphene.Int(required=True))
    profiles = DjangoFilterConnectionField(ProfileNode)

    @login_required
    def resolve_profile(root, info, pk):  # noqa: N805
        return Profile.objects.get(pk=pk)

    @login_required
    def resolve_profiles(root, info, **kwargs):  # noqa: N805
        return Profile.objects.all()


class UpdateProfile(SerializerMutation):
    class Meta:
        serializer_class = ProfileSerializer
        model_operations = ["update"]
        optional_fields = ["username", "email"]

    @classmethod
    @login_required
    def get_serializer_kwargs(cls, root, info, **input):  # noqa: A002
        kwargs = super().get_serializer_kwargs(root, info, **input)
        if kwargs["instance"] != info.context.user:
            raise PermissionDenied
        return kwargs

    @classmethod
    def perform_mutate(cls, serializer, info):
        serializer.validated_data["updated_by"] = info.context.user
        return super().perform_mutate(serializer, info)


class Mutation(graphene.ObjectType):
    update_profile = UpdateProfile.Field()


schema = graphene.Schema(query=Query, mutation=Mutation)
