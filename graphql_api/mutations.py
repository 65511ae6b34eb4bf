"""What can be written."""

import graphene
from rest_framework.exceptions import ValidationError

from graphql_api.identity import ChangePassword, LogoutEverywhere, RefreshToken, RevokeToken, TokenAuth, VerifyToken
from graphql_api.queries import load
from graphql_api.types import PROFILE_FIELDS, Profile, derived, error_list, profile_errors, show
from profiles.bulk import MOST, update_many
from profiles.core.models import Door
from profiles.core.policy import Action
from profiles.core.writing import Write
from profiles.identity.throttling import sign_up_attempts
from profiles.models import Profile as ProfileRow
from profiles.serializers import ProfileSerializer, SignUpSerializer
from profiles.sign_up import sign_up


class WriteProfile(graphene.relay.ClientIDMutation):
    """Permit, load through the visible set, validate, write: each mutation of one profile."""

    class Meta:
        abstract = True

    profile = graphene.Field(Profile, description="As it now is; null where there are errors.")
    errors = error_list()

    @classmethod
    def mutate_and_get_payload(cls, root, info, id, if_match=None, client_mutation_id=None, **values):
        profile = load(info, ProfileRow.objects.with_node_id(id), cls.action)
        context = {"write": Write(info.context.actor, Door.GRAPHQL, if_match)}
        serializer = ProfileSerializer(profile, data=values, partial=cls.action is Action.UPDATE, context=context)
        try:
            serializer.is_valid(raise_exception=True)
            return cls(profile=show(info, serializer.save()), errors=[])
        except ValidationError as error:
            return cls(errors=profile_errors(error))


class ProfileInput(derived({n: f for n, f in PROFILE_FIELDS.items() if not f.read_only})):
    """None of the derived fields is required: the serializer says which are, so that both doors
    answer with the same error."""

    id = graphene.ID(required=True, description="The profile's global id.")
    version = graphene.Int(description="Write only over this version.")
    if_match = graphene.String(
        description="Write only over this etag, or over any with '*'; what is no etag is a CONFLICT."
    )


class DeleteProfile(graphene.relay.ClientIDMutation):
    """Delete a profile, and with it its history and its tokens: REST's DELETE."""

    class Input:
        id = graphene.ID(required=True, description="The profile's global id.")
        if_match = graphene.String(description="Delete only this etag, or any with '*'; what is no etag is a CONFLICT.")

    deleted_id = graphene.ID(description="What was deleted.")
    errors = error_list("None: a refusal is a top-level error.")

    @classmethod
    def mutate_and_get_payload(cls, root, info, id, if_match=None, client_mutation_id=None):
        profile = load(info, ProfileRow.objects.with_node_id(id), Action.DELETE)
        ProfileSerializer(profile, context={"write": Write(info.context.actor, Door.GRAPHQL, if_match)}).delete()
        return cls(deleted_id=id, errors=[])


class CreateProfile(graphene.relay.ClientIDMutation):
    """Sign up: REST's POST /profiles/."""

    class Input(derived({n: f for n, f in SignUpSerializer().fields.items() if not f.read_only})):
        idempotency_key = graphene.String(
            description="Your own name for this sign-up: sent again with the same input, it makes no second profile "
            "and gives the first answer again."
        )

    profile = graphene.Field(Profile, description="As its owner sees it; null where there are errors.")
    errors = error_list()

    def attempts(context, arguments):
        return sign_up_attempts(context.request, context.actor)

    @classmethod
    def mutate_and_get_payload(cls, root, info, idempotency_key=None, client_mutation_id=None, **values):
        try:
            made = sign_up(info.context.actor, values, key=idempotency_key)
            profile = show(info, made.profile)
            profile.values.update(made.shown)
            return cls(profile=profile, errors=[])
        except ValidationError as error:
            return cls(errors=profile_errors(error))


class UpdateProfile(WriteProfile):
    """Change the fields that are given, and no other: REST's PATCH."""

    action = Action.UPDATE
    Input = ProfileInput


class ProfilePatch(ProfileInput, graphene.InputObjectType):
    """One of several profiles to change: the fields that are given, and no other."""


class UpdateProfiles(graphene.relay.ClientIDMutation):
    """Change several profiles, all of them or none: REST's PATCH /profiles/."""

    class Input:
        profiles = graphene.List(graphene.NonNull(ProfilePatch), required=True, description=f"At most {MOST}.")

    profiles = graphene.List(
        graphene.NonNull(Profile), description="As they now are, in their order; null where there are errors."
    )
    errors = error_list("What is wrong; fields by rows: 0.bio.", size=MOST)

    @classmethod
    def mutate_and_get_payload(cls, root, info, profiles, client_mutation_id=None):
        items = [(ProfileRow.key_of(item.pop("id")), item, item.pop("if_match", None)) for item in map(dict, profiles)]
        try:
            written = update_many(items, actor=info.context.actor, door=Door.GRAPHQL)
            return cls(profiles=[show(info, profile) for profile in written], errors=[])
        except ValidationError as error:
            return cls(errors=profile_errors(error))


class ReplaceProfile(WriteProfile):
    """Give every field its value; one that is left out goes back to its default. REST's PUT."""

    action = Action.REPLACE
    Input = ProfileInput


class Mutation(graphene.ObjectType):
    """Writes. Each is a transaction of its own: where a later one of a document fails, the earlier stand. One after
    the end of the caller's account, session or token is refused with UNAUTHENTICATED."""

    create_profile = CreateProfile.Field()
    delete_profile = DeleteProfile.Field()
    update_profile = UpdateProfile.Field()
    update_profiles = UpdateProfiles.Field()
    replace_profile = ReplaceProfile.Field()
    token_auth = TokenAuth.Field()
    refresh_token = RefreshToken.Field()
    verify_token = VerifyToken.Field()
    revoke_token = RevokeToken.Field()
    logout_everywhere = LogoutEverywhere.Field()
    change_password = ChangePassword.Field()
