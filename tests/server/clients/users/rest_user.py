"""`python rest_user.py URL`: a session through the generated Python package of REST."""

import sys

from profiles_rest import AuthenticatedClient, Client
from profiles_rest.api.identity import refresh_token, revoke_token, token_auth
from profiles_rest.api.profiles import get_own_profile, list_profiles, update_profile
from profiles_rest.models import (
    ListProfilesOrdering,
    PatchedProfileRequest,
    Profile,
    ProfilePage,
    RefreshRequest,
    Refusal,
    SignInRequest,
    Tokens,
    ValidationError,
)
from profiles_rest.types import UNSET, Unset

anonymous = Client(base_url=sys.argv[1])
tokens = token_auth.sync(client=anonymous, body=SignInRequest(username="john_doe", password="demo-pass-123"))
assert isinstance(tokens, Tokens)
client = AuthenticatedClient(base_url=sys.argv[1], token=tokens.token)

answer = get_own_profile.sync_detailed(client=client)
me, etag = answer.parsed, answer.headers["ETag"]
assert isinstance(me, Profile)
print("read", me.username, me.version)

body = PatchedProfileRequest(bio="By a generated client.")
updated = update_profile.sync(me.id, client=client, body=body, if_match=etag)
assert isinstance(updated, Profile)
print("updated", updated.version, updated.bio)

conflict = update_profile.sync(me.id, client=client, body=PatchedProfileRequest(bio="Too late."), if_match=etag)
assert isinstance(conflict, Refusal)
print("refused", conflict.errors[0].code, conflict.version)

body = PatchedProfileRequest(username="jane_doe", bio="x" * 2001)
invalid = update_profile.sync(me.id, client=client, body=body)
assert isinstance(invalid, ValidationError)
for error in invalid.errors:
    print("invalid", error.code, error.attr)

cursor: str | Unset | None = UNSET
while cursor is not None:
    page = list_profiles.sync(client=client, page_size=2, ordering=ListProfilesOrdering.USERNAME, cursor=cursor)
    assert isinstance(page, ProfilePage)
    print("page", *[profile.username for profile in page.results])
    cursor = page.next_cursor

revoke_token.sync(client=anonymous, body=RefreshRequest(refresh_token=tokens.refresh_token))
ended = refresh_token.sync(client=anonymous, body=RefreshRequest(refresh_token=tokens.refresh_token))
assert isinstance(ended, Refusal)
print("signed out", ended.errors[0].code)
