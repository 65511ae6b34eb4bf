"""The schema's mutations."""

from dataclasses import dataclass
from typing import Any

import graphene

from graphql_api.core.context import Info
from graphql_api.core.resources import Shown, idempotency_key, serializer_of, show
from graphql_api.core.types import InputMutation, derived
from graphql_api.identity import IdentityMutations
from graphql_api.types import OTHERS, PROFILE
from profiles.bulk import MOST, update_many
from profiles.core.models import Source
from profiles.core.policy import Action
from profiles.identity.throttling import sign_up_attempts
from profiles.models import Profile
from profiles.resource import PROFILES
from profiles.serializers import SignUpSerializer
from profiles.sign_up import sign_up


@dataclass
class NewProfile(Shown):
    """A profile as its sign-up showed it, which a repeated sign-up shows again. `first`: its values then."""

    first: dict[str, Any]

    def field(self, name: str) -> Any:
        return self.first[name] if name in self.first else super().field(name)


class CreateProfile(InputMutation):
    """Sign up: REST's POST /profiles/."""

    class Input(derived({n: f for n, f in SignUpSerializer().fields.items() if not f.read_only})):
        idempotency_key = idempotency_key("this sign-up")

    profile = graphene.Field(PROFILE.type, description="As its owner sees it; null if there are errors.")
    errors = PROFILE.errors()

    attempts = staticmethod(sign_up_attempts)

    @classmethod
    def mutate_and_get_payload(
        cls,
        root: Any,
        info: Info,
        idempotency_key: str | None = None,
        client_mutation_id: str | None = None,
        **values: Any,
    ) -> Any:
        def signed_up() -> dict[str, Any]:
            made = sign_up(info.context.actor, values, key=idempotency_key)
            return {"profile": NewProfile(made.profile, serializer_of(info, PROFILES), made.shown)}

        return PROFILE.answer(info, cls, signed_up)


class ProfilePatch(PROFILE.input, graphene.InputObjectType):  # type: ignore[name-defined]
    """A profile to change, with the fields to change."""


class UpdateProfiles(InputMutation):
    """Change several profiles, all or none: REST's PATCH /profiles/."""

    class Input:
        profiles = graphene.List(graphene.NonNull(ProfilePatch), required=True, description=f"At most {MOST}.")
        idempotency_key = idempotency_key("this write")

    profiles = graphene.List(
        graphene.NonNull(PROFILE.type), description="Current state, in order; null if there are errors."
    )
    errors = PROFILE.errors("Errors of the input, with fields by row: `0.bio`.", size=MOST)

    @classmethod
    def mutate_and_get_payload(
        cls,
        root: Any,
        info: Info,
        profiles: list[dict[str, Any]],
        idempotency_key: str | None = None,
        client_mutation_id: str | None = None,
    ) -> Any:
        items = [(Profile.key_of(item.pop("id")), item, item.pop("if_match", None)) for item in map(dict, profiles)]

        def updated() -> dict[str, Any]:
            written = update_many(items, actor=info.context.actor, source=Source.GRAPHQL, key=idempotency_key)
            return {"profiles": [show(info, PROFILES, profile) for profile in written]}

        return PROFILE.answer(info, cls, updated)


class ProfileMutations:
    create_profile = CreateProfile.Field()
    delete_profile = PROFILE.delete(also="its history and its tokens").Field()
    update_profile = PROFILE.write(Action.UPDATE).Field()
    update_profiles = UpdateProfiles.Field()
    replace_profile = PROFILE.write(Action.REPLACE).Field()


class Mutation(*[types.mutations() for types in OTHERS], IdentityMutations, ProfileMutations, graphene.ObjectType):
    """Writes. Each is its own transaction: if one fails, the earlier ones of the document remain. If one ends the
    caller's account, session or token, the later ones are UNAUTHENTICATED."""
