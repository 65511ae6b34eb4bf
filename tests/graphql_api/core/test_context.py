"""The context of an execution."""

from types import SimpleNamespace

from graphql_api.core.context import Context
from profiles.core.actors import Actor


def test_what_is_kept_for_a_caller_is_made_once_and_not_given_to_the_next():
    first, second = Actor(), Actor()
    authenticator = SimpleNamespace(authenticate=lambda request: ("user", second))
    context = Context(SimpleNamespace(successful_authenticator=authenticator, auth=first), first)
    made = [context.once("key", object) for _ in range(2)]
    context.identify()
    assert made[0] is made[1]
    assert context.once("key", object) is not made[0]
    assert context.actor is context.request.auth is second


def test_an_anonymous_caller_stays_what_it_is():
    actor = Actor()
    context = Context(SimpleNamespace(successful_authenticator=None), actor)
    kept = context.once("key", object)
    context.identify()
    assert (context.actor, context.once("key", object)) == (actor, kept)
