"""Requests shaped like known attacks: each gets a documented outcome."""

import json
from urllib.parse import urlencode

import pytest
from graphql_relay import to_global_id
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from profiles.core.outcomes import InvalidCode, Outcome
from tests.cast import PASSWORD
from tests.fuzz.test_contracts import ACTORS
from tests.state import undone

CODES = ({outcome.code for outcome in Outcome} | set(InvalidCode)) - {"INTERNAL", "UNAVAILABLE"}
LIGATURE = "\ufdfa"  # 18 characters after NFKC
LONG_TEXTS = st.builds(
    lambda text, size: text * (size // len(text.encode())),
    st.sampled_from(["a", "é", "\ufb03", LIGATURE, "%", "\\", "a.", "a "]),
    st.sampled_from([51, 151, 1_000, 4_301, 33_000, 99_000]),
)
NUMBERS = st.one_of(
    st.sampled_from(["null", "100.0", "1e2", "-0", "1.5", "1e999", '"5"', "true", "[1]", "{}", "2147483648", "-1"]),
    st.integers().map(str),
    st.sampled_from([100, 4_300, 4_301, 99_000]).map("9".__mul__),
)
SEARCHES = st.lists(
    st.sampled_from(["roses", "grows", "even", "odd", "-", '"', "or", "é", "a:*", "&", "\0"]), max_size=9
)
TAGS = st.sampled_from(["nonsense", '"', '"a', "W/", 'W/"a"', "*, *", "", ",", '"0-none", x', "\xff" * 9, '"' * 999])
IDS = st.one_of(
    st.sampled_from(
        [
            "{7d444840-9dc0-11d1-b245-5ffdce74fad2}",
            "urn:uuid:7d444840-9dc0-11d1-b245-5ffdce74fad2",
            "7d4448409dc011d1b2455ffdce74fad2",
            "7D444840-9DC0-11D1-B245-5FFDCE74FAD2",
            "-" * 4_000 + "7d4448409dc011d1b2455ffdce74fad2",
            "null",
        ]
    ),
    st.text("0123456789abcdef-{}", max_size=50),
)
LISTS = st.sampled_from([b"[]", b"[[]]", b"[{}]", b"[null]", b"[" + b",".join([b"[]"] * 33_000) + b"]", b"{}"])
FLAGS = st.sampled_from(["true", "false", "null"])
ENDS = ["deleteProfile", "logoutEverywhere", "changePassword"]
"""Mutation fields that end the caller's session."""


def graphql(query, variables=None, **headers):
    body = json.dumps({"query": query, "variables": variables or {}})
    return "POST", "/graphql/", body.encode(), headers


def rest(method, path, body=b"", **headers):
    return method, path, body, {name.replace("_", "-"): value for name, value in headers.items()}


@st.composite
def paged(draw):
    """Page sizes as literals, as variables and as variables' defaults."""
    first, last = draw(NUMBERS), draw(NUMBERS)
    rows = "{ edges { node { pk history(first: 2) { edges { node { changes { field from to } } } } } } }"
    if draw(st.booleans()):
        return graphql(f"{{ profiles(first: {first}, last: {last}) {rows} }}")
    given = draw(st.dictionaries(st.sampled_from(["n", "m"]), st.sampled_from([None, 100.0, 1, 2**31, 10**30, "1"])))
    head = f"query ($n: Int = {first}, $m: Int = {last})"
    return graphql(f"{head} {{ profiles(first: $n, last: $m) {rows} }}", given)


@st.composite
def skipped(draw):
    """A directive's variable with a default, set to null."""
    given = draw(st.sampled_from([{}, {"b": None}, {"b": True}, {"b": 1}]))
    field = draw(st.sampled_from(["me @skip(if: $b) { pk }", "me { pk updatedBy @include(if: $b) { pk } }"]))
    return graphql(f"query ($b: Boolean = {draw(FLAGS)}) {{ {field} }}", given)


@st.composite
def overlong(draw):
    """A text far longer than any valid one, in each place for a text."""
    text = draw(LONG_TEXTS)
    name = json.dumps(text)
    path, names = draw(
        st.sampled_from(
            [
                ("token", ["username", "password"]),
                ("token/refresh", ["refresh_token"]),
                ("token/verify", ["token"]),
                ("token/revoke", ["refresh_token"]),
            ]
        )
    )
    return draw(
        st.sampled_from(
            [
                rest("POST", f"/auth/{path}/", json.dumps(dict.fromkeys(names, text), ensure_ascii=False).encode()),
                rest("GET", f"/profiles/?{urlencode({'cursor': text[:3000]})}"),
                rest("GET", f"/profiles/?{urlencode({'search': text[:3000]})}"),
                rest("GET", f"/profiles/?{urlencode({'username': text[:3000]})}"),
                graphql("query ($t: String) { profiles(after: $t) { edges { cursor } } }", {"t": text[:16_000]}),
                graphql("query ($t: String) { profile(username: $t) { pk } }", {"t": text[:16_000]}),
                graphql(f"query ($t: String = {name}) {{ profiles(search: $t) {{ totalCount }} }}"),
                graphql(
                    "mutation ($t: String!) { tokenAuth(username: $t, password: $t) { token errors { code } } }",
                    {"t": text[:16_000]},
                ),
            ]
        )
    )


@st.composite
def odd_headers(draw):
    headers = {"x_request_id": draw(IDS)} | draw(st.fixed_dictionaries({}, optional={"if_match": TAGS}))
    method, path = draw(
        st.sampled_from(
            [("GET", "/profiles/"), ("GET", "/profiles/me/"), ("PATCH", "/profiles/"), ("HEAD", "/profiles/")]
        )
    )
    return rest(method, path, draw(LISTS) if method == "PATCH" else b"", **headers)


REQUESTS = st.one_of(
    paged(),
    skipped(),
    overlong(),
    odd_headers(),
    st.builds(lambda words: rest("GET", f"/profiles/?{urlencode({'search': ' '.join(words)})}"), SEARCHES),
    LISTS.map(lambda body: rest("POST", "/graphql/", body)),
)
EACH_RUN = settings(max_examples=50, deadline=None, suppress_health_check=list(HealthCheck))


def send(wire, request, token):
    method, path, body, headers = request
    headers |= {"authorization": f"Bearer {token}"} if token else {}
    with undone():
        return wire.generic(method, path, body, "application/json", headers)


@pytest.mark.share(0.03)
def test_attacks_end_in_the_catalogue(cast, wire, progress):
    tokens = {actor: cast.token(actor) for actor in ACTORS}

    @given(REQUESTS, st.sampled_from(ACTORS))
    @EACH_RUN
    def run(request, actor):
        response = send(wire, request, tokens[actor])
        errors = json.loads(response.content or b"{}")
        for error in errors.get("errors", ()) if isinstance(errors, dict) else ():
            assert error.get("extensions", error)["code"] in CODES, (request, error)

    progress.spend(lambda seed: seed(run)())


@pytest.mark.share(0.01)
def test_nothing_is_written_after_the_session_ended_in_the_same_document(cast, wire, progress):
    """One of several mutation fields ends the caller's session; the fields after it fail."""
    own, other = (to_global_id("Profile", cast.pk(name)) for name in ("staff", "shown"))
    token = cast.token("staff")
    fields = {
        "deleteProfile": f'deleteProfile(input: {{id: "{own}"}}) {{ deletedId }}',
        "logoutEverywhere": "logoutEverywhere { loggedOut }",
        "changePassword": f'changePassword(oldPassword: "{PASSWORD}", newPassword: "{PASSWORD} 2") {{ token }}',
        "update": f'updateProfile(input: {{id: "{other}", bio: "written"}}) {{ profile {{ pk }} }}',
    }

    @given(st.lists(st.sampled_from(list(fields)), min_size=2, max_size=4, unique=True))
    @EACH_RUN
    def run(names):
        document = " ".join(f"f{number}: {fields[name]}" for number, name in enumerate(names))
        body = send(wire, graphql(f"mutation {{ {document} }}"), token).json()
        codes = {error["path"][0]: error["extensions"]["code"] for error in body.get("errors", ())}
        assert set(codes.values()) <= CODES, body
        done = [name in ENDS and (body["data"][f"f{number}"] or {}) != {} for number, name in enumerate(names)]
        for number in range(done.index(True) + 1 if True in done else len(names), len(names)):
            assert codes.get(f"f{number}") == "UNAUTHENTICATED", (names, body)

    progress.spend(lambda seed: seed(run)())
