"""`python graphql_user.py URL`: a session through the generated Python package of GraphQL."""

import sys

from profiles_graphql import GraphQLClientGraphQLMultiError, ProfileOrder, ProfilesClient, UpdateProfileInput

URL = f"{sys.argv[1]}/graphql/"

anonymous = ProfilesClient(URL)
tokens = anonymous.token_auth(username="john_doe", password="demo-pass-123")
assert tokens is not None
client = ProfilesClient(URL, headers={"Authorization": f"Bearer {tokens.token}"})

me = client.me()
assert me is not None
print("read", me.username, me.version)

updated = client.update_profile(UpdateProfileInput(id=me.id, bio="By a generated client.", ifMatch=me.etag))
assert updated is not None
assert updated.profile is not None
print("updated", updated.profile.version, updated.profile.bio)

try:
    client.update_profile(UpdateProfileInput(id=me.id, bio="Too late.", ifMatch=me.etag))
except GraphQLClientGraphQLMultiError as refusal:
    extensions = refusal.errors[0].extensions
    assert extensions is not None
    print("refused", extensions["code"], extensions["version"])

invalid = client.update_profile(UpdateProfileInput(id=me.id, username="jane_doe", bio="x" * 2001))
assert invalid is not None
for error in invalid.errors:
    print("invalid", error.code, error.field)

page = client.profiles(first=2, order_by=ProfileOrder.USERNAME)
print("page", *[profile.username for profile in page.nodes])
while page.page_info.has_next_page:
    page = client.profiles(first=2, after=page.page_info.end_cursor, order_by=ProfileOrder.USERNAME)
    print("page", *[profile.username for profile in page.nodes])

assert tokens.refresh_token is not None
client.revoke_token(tokens.refresh_token)
try:
    anonymous.refresh_token(tokens.refresh_token)
except GraphQLClientGraphQLMultiError as refusal:
    extensions = refusal.errors[0].extensions
    assert extensions is not None
    print("signed out", extensions["code"])
