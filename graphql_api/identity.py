"""The GraphQL door's side of identity, by django-graphql-jwt's names."""

import graphene
from rest_framework.exceptions import ValidationError

from graphql_api.core.costs import FieldCost
from graphql_api.types import derived, error_list, profile_errors
from profiles.identity import credentials, families, tokens
from profiles.identity.throttling import password_attempts, sign_in_attempts
from profiles.policy import AccountAction, policy


def arguments(serializer_class):
    """An operation's arguments, from its serializer."""
    fields = serializer_class().fields
    return derived(fields, required={name for name, field in fields.items() if field.required})


class IdentityMutation(graphene.Mutation):
    """Validate, perform, answer."""

    class Meta:
        abstract = True

    cost = FieldCost(rows=0)
    errors = error_list()

    @classmethod
    def answer(cls, serializer, perform):
        try:
            serializer.is_valid(raise_exception=True)
            return cls(**perform(**serializer.validated_data), errors=[])
        except ValidationError as error:
            return cls(errors=profile_errors(error))


class TokenAuth(derived(credentials.Tokens().fields), IdentityMutation):
    """Tokens for a username and a password: REST's POST /auth/token/."""

    Arguments = arguments(credentials.SignIn)

    def attempts(context, arguments):
        return sign_in_attempts(context.request, arguments.get("username"))

    def mutate(root, info, **values):
        def perform(**valid):
            return credentials.Tokens(families.sign_in(info.context.request, **valid)).data

        return TokenAuth.answer(credentials.SignIn(data=values), perform)


class RefreshToken(derived(credentials.Tokens().fields), IdentityMutation):
    """The next tokens for a refresh token: REST's POST /auth/token/refresh/."""

    Arguments = arguments(credentials.Refresh)

    def mutate(root, info, **values):
        def perform(**valid):
            return credentials.Tokens(families.refresh(info.context.request, **valid)).data

        return RefreshToken.answer(credentials.Refresh(data=values), perform)


class VerifyToken(
    derived({n: f for n, f in credentials.TokenFacts().fields.items() if n not in ("id", "node_id")}), IdentityMutation
):
    """What an access token says: REST's POST /auth/token/verify/."""

    Arguments = arguments(credentials.Verify)

    pk = graphene.Int(description="Whose it is: REST's id.")
    id = graphene.ID(description="Whose it is: REST's node_id.")

    def mutate(root, info, **values):
        def perform(**valid):
            facts = dict(credentials.TokenFacts(tokens.read(**valid)).data)
            return {"pk": facts.pop("id"), "id": facts.pop("node_id"), **facts}

        return VerifyToken.answer(credentials.Verify(data=values), perform)


class RevokeToken(IdentityMutation):
    """The end of a refresh token's family: REST's POST /auth/token/revoke/."""

    Arguments = arguments(credentials.Refresh)

    revoked = graphene.Boolean()

    def mutate(root, info, **values):
        def perform(**valid):
            families.revoke(info.context.request, **valid)
            return {"revoked": True}

        return RevokeToken.answer(credentials.Refresh(data=values), perform)


class LogoutEverywhere(IdentityMutation):
    """The end of every token and session of the caller: REST's POST /auth/logout-everywhere/."""

    logged_out = graphene.Boolean()

    def mutate(root, info):
        profile = policy.own(info.context.actor, AccountAction.SIGN_OUT)

        def perform():
            families.sign_out_everywhere(info.context.request, profile)
            return {"logged_out": True}

        return LogoutEverywhere.answer(credentials.Nothing(data={}), perform)


class ChangePassword(derived(credentials.Tokens().fields), IdentityMutation):
    """A new password for the caller, and new tokens: REST's POST /auth/password/."""

    Arguments = arguments(credentials.NewPassword)

    def attempts(context, arguments):
        return password_attempts(context.actor)

    def mutate(root, info, **values):
        profile = policy.own(info.context.actor, AccountAction.CHANGE_PASSWORD)

        def perform(**valid):
            return credentials.Tokens(families.change_password(info.context.request, profile, **valid)).data

        return ChangePassword.answer(credentials.NewPassword(data=values, context={"profile": profile}), perform)
