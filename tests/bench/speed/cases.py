"""The measured requests in each project's form, and the expected responses."""

import json
from base64 import b64encode
from dataclasses import dataclass, field

FOUR = ("username", "display_name", "bio", "location")
ALL = (*FOUR, "id", "email", "website", "time_zone", "visibility", "email_public", "is_active")
ALL += ("created_at", "updated_at", "updated_by", "version")  # columns that every project shows
COUNTER = "<counter>"  # placeholder in a body; the load generator puts a new number there in each request
PAGE = 100
LIST = f"profiles(first: {PAGE}) {{ edges {{ node {{ username displayName bio location }} }} }}"


@dataclass
class Case:
    """A request and its expected response: `count` profiles with these fields, and the values in `values`."""

    method: str
    path: str
    fields: tuple
    body: dict | None = None
    count: int = 1
    values: dict = field(default_factory=dict)

    def problem(self, response, number):
        """What is wrong with the response (httpx's) to the request with this number, or None."""
        if response.status_code != 200:
            return f"status {response.status_code}: {response.text[:500]}"
        answer = response.json()
        rows = list(profiles_in(answer))
        if errors_in(answer):
            return f"errors: {response.text[:500]}"
        if len(rows) != self.count:
            return f"{len(rows)} profiles, expected {self.count}: {response.text[:500]}"
        if missing := set(self.fields) - set(rows[0]):
            return f"fields are missing: {missing}"
        expected = {name: str(number) if value == COUNTER else value for name, value in self.values.items()}
        if wrong := {name: rows[0][name] for name in expected if rows[0][name] != expected[name]}:
            return f"values differ: {wrong}, expected {expected}"
        return None


def profiles_in(answer):
    """The profiles in a response, at any depth."""
    if isinstance(answer, dict) and "bio" in answer:
        yield answer
    elif isinstance(answer, dict | list):
        for value in answer.values() if isinstance(answer, dict) else answer:
            yield from profiles_in(value)


def errors_in(answer):
    """Whether a response has a non-empty `errors` at any depth."""
    if isinstance(answer, list):
        return any(map(errors_in, answer))
    return isinstance(answer, dict) and (bool(answer.get("errors")) or any(map(errors_in, answer.values())))


def camel(name):
    first, *others = name.split("_")
    return first + "".join(map(str.title, others))


def graphql(fields, query, variables=None, **more):
    body = {"query": query, "variables": variables or {}}
    return Case("POST", "/graphql/", tuple(map(camel, fields)), body, **more)


def rest_cases(pk):
    """REST's cases, which are the same for every project."""
    path = f"/profiles/{pk}/"
    return {
        "rest-read": Case("GET", path, ALL, values={"username": "owner"}),
        "rest-list-4": Case("GET", f"/profile-summaries/?page_size={PAGE}", FOUR, count=PAGE),
        "rest-list-17": Case("GET", f"/profiles/?page_size={PAGE}", ALL, count=PAGE),
        "patch": Case("PATCH", path, ("bio",), {"bio": COUNTER}, values={"bio": COUNTER}),
    }


def graphql_cases(pk, mutation, global_id):
    """GraphQL's cases. The projects differ only in their mutation."""
    read = "query ($pk: Int!) { profile(pk: $pk) { username displayName bio location } }"
    return {
        "graphql-read": graphql(FOUR, read, {"pk": pk}, values={"username": "owner"}),
        "graphql-list-4": graphql(FOUR, f"{{ {LIST} }}", count=PAGE),
        "graphql-update": graphql(
            ("bio",), mutation, {"input": {"id": global_id, "bio": COUNTER}}, values={"bio": COUNTER}
        ),
    }


def ours(pk):
    mutation = (
        "mutation ($input: UpdateProfileInput!) { updateProfile(input: $input) { profile { bio } errors { code } } }"
    )
    cases = rest_cases(pk) | graphql_cases(pk, mutation, b64encode(f"Profile:{pk}".encode()).decode())
    cases["rest-list-4"].path = f"/profiles/?fields={','.join(FOUR)}&page_size={PAGE}"
    return cases


def stock(pk):
    mutation = (
        "mutation ($input: UpdateProfileInput!) { updateProfile(input: $input) { bio errors { field messages } } }"
    )
    return rest_cases(pk) | graphql_cases(pk, mutation, pk)


def ninja_strawberry(pk):
    mutation = "mutation ($input: ProfilePartialInput!) { updateProfile(input: $input) { bio } }"
    return rest_cases(pk) | graphql_cases(pk, mutation, pk)


def floor(pk):
    return {name: case for name, case in rest_cases(pk).items() if name in ("rest-read", "rest-list-17")}


NAMES = ("rest-read", "graphql-read", "rest-list-4", "rest-list-17", "graphql-list-4", "patch", "graphql-update")


def body_of(case, number=COUNTER):
    """The JSON to send, with `number` in place of the counter; None without a body."""
    return None if case.body is None else json.dumps(case.body).replace(COUNTER, str(number))
