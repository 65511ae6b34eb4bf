"""Clients of both APIs that write and read without a pause, and record the acknowledged writes."""

import time
from dataclasses import dataclass
from itertools import pairwise
from threading import Event, Thread

import httpx

from tests.cast import PASSWORD
from tests.cluster.processes import wait_until

SIGN_IN_AGAIN = 200  # seconds until a client gets a new token; a token is valid for 300
PAUSE = 0.05  # seconds between retries, so that clients leave CPU time for the recovery
PATIENCE = 10  # seconds until a client gives up on a response, far more than allowed
LONGEST = 2.5  # seconds allowed for a response
LONGEST_PAUSE = 15  # seconds allowed without a successful write
RECOVERY = 60  # seconds allowed until every client succeeds again

READ = "{ me { id bio version etag } }"
READ_ONE = "query ($username: String) { profile(username: $username) { id bio version etag } }"
WRITE = """mutation ($input: UpdateProfileInput!) { updateProfile(input: $input) {
    profile { id bio version etag } errors { code message field } } }"""


@dataclass
class Answer:
    """A request's result: `code` is "" for success, else the error's code."""

    code: str
    shown: dict
    seconds: float
    began: float  # monotonic clock
    is_of_service: bool = True  # else nginx sent the response
    is_broken: bool = False  # whether the connection ended without a complete response
    is_write: bool = False


class Client(Thread):
    """A client with one connection and one account that sends one request after the other.

    It uses REST and GraphQL in turn.
    """

    def __init__(self, address, trust, username):
        super().__init__(name=username)
        self.http = httpx.Client(base_url=address, verify=trust, timeout=PATIENCE)
        self.username = username
        self.ended = Event()
        self.answers = []
        self.signed_in = float("-inf")
        self.sent = 0

    def run(self):
        with self.http:
            while not self.ended.is_set():
                if time.monotonic() > self.signed_in + SIGN_IN_AGAIN:
                    self.sign_in()
                    continue
                self.sent += 1
                if self.step(is_graphql=self.sent % 2 == 0).code:
                    self.ended.wait(PAUSE)

    def sign_in(self):
        answer = self.send("POST", "/auth/token/", {"username": self.username, "password": PASSWORD})
        if answer.code:
            self.ended.wait(PAUSE)
            return
        self.http.headers["Authorization"] = f"Bearer {answer.shown['token']}"
        self.signed_in = time.monotonic()

    def send(self, method, path, body=None, **headers):
        """Send a request and record its result."""
        began = time.monotonic()
        try:
            response = self.http.request(method, path, json=body, headers=headers)
        except httpx.TransportError as error:
            answer = Answer(type(error).__name__, {}, time.monotonic() - began, began, is_broken=True)
        else:
            took = time.monotonic() - began
            answer = Answer(*read(response), took, began, is_of_service="x-request-id" in response.headers)
        self.answers.append(answer)
        return answer

    def query(self, document, **variables):
        return self.send("POST", "/graphql/", {"query": document, "variables": variables})


def read(response):
    """A response's code, "" for success, and its content: a profile's `node`, `version` and `etag`."""
    try:
        body = response.json()
    except ValueError:
        return f"HTTP {response.status_code}", {}
    if "errors" in body:
        error = body["errors"][0]
        return error["code"] if "code" in error else error["extensions"]["code"], {}
    if "data" not in body:
        return "", body | {"node": body.get("node_id"), "etag": response.headers.get("etag")}
    (data,) = body["data"].values()
    profile = data.get("profile", data)
    return "", profile | {"node": profile["id"]}


class Reader(Client):
    """A client that reads another account's profile; without a username it does not sign in."""

    def __init__(self, address, trust, username, read):
        super().__init__(address, trust, username)
        self.read = read  # username of the profile to read
        if not username:
            self.signed_in = float("inf")

    def step(self, *, is_graphql):
        if is_graphql:
            return self.query(READ_ONE, username=self.read)
        return self.send("GET", f"/profiles/by-username/{self.read}/")


class Writer(Client):
    """A client that writes a new text to its own profile each time, with `If-Match`.

    `acknowledged` has the version and text of each successful write. After a write that failed or whose response was
    lost, the text goes to `unknown` and the profile is fetched again. With `repeats`, the write is sent again with its
    idempotency key until it succeeds.
    """

    def __init__(self, *arguments, repeats=False):
        super().__init__(*arguments)
        self.repeats = repeats
        self.known = None  # the profile as last received
        self.text = ""  # of the current write
        self.acknowledged = []
        self.unknown = []

    def step(self, *, is_graphql):
        if self.known is None:
            answer = self.query(READ) if is_graphql else self.send("GET", "/profiles/me/")
            self.known = answer.shown or None
            return answer
        self.text = self.text or f"{self.username} {self.sent}"
        answer = self.write(self.text, is_graphql=is_graphql)
        if not answer.code:
            self.acknowledged.append((answer.shown["version"], self.text))
            self.known, self.text = answer.shown, ""
        elif not self.repeats:
            self.unknown.append(self.text)
            self.known, self.text = None, ""
        return answer

    def write(self, text, *, is_graphql):
        if is_graphql:
            values = {"id": self.known["node"], "bio": text, "ifMatch": self.known["etag"], "idempotencyKey": text}
            answer = self.query(WRITE, input=values)
        else:
            headers = {"if-match": self.known["etag"], "idempotency-key": text}
            answer = self.send("PATCH", "/profiles/me/", {"bio": text}, **headers)
        answer.is_write = True
        return answer


def sign_up(proxy, username):
    values = {"username": username, "email": "load@example.com", "password": PASSWORD, "visibility": "public"}
    with httpx.Client(base_url=proxy.address, verify=proxy.trust, timeout=PATIENCE) as http:
        wait_until(lambda: http.post("/profiles/", json=values).is_success, f"{username} signs up")


class Load:
    """Clients that run until the context ends: writers with an account each, and two readers, one of them signed in."""

    def __init__(self, proxy, name, writers=4):
        writing, reading = [f"{name}-{n}" for n in range(writers)], f"{name}-reader"
        for username in (*writing, reading):
            sign_up(proxy, username)
        at = proxy.address, proxy.trust
        self.writers = [Writer(*at, username, repeats=n % 2 == 1) for n, username in enumerate(writing)]
        self.signed_in, self.anonymous = Reader(*at, reading, writing[0]), Reader(*at, None, writing[0])

    @property
    def clients(self):
        return [*self.writers, self.signed_in, self.anonymous]

    def __enter__(self):
        for client in self.clients:
            client.start()
        self.wait_for_success()
        return self

    def __exit__(self, *_error):
        for client in self.clients:
            client.ended.set()
        for client in self.clients:
            client.join()

    def wait_for_success(self):
        """Wait until each client succeeds with a request sent after this call."""
        since = time.monotonic()
        for client in self.clients:
            is_writer = isinstance(client, Writer)
            wait_until(
                lambda client=client, is_writer=is_writer: any(
                    not answer.code and answer.is_write == is_writer and answer.began > since
                    for answer in client.answers[-20:]
                ),
                f"{client.name} succeeds again; its last answers: {[a.code for a in client.answers[-5:]]}",
                RECOVERY,
            )

    def wait_for_refusal(self):
        """Wait until a client's request fails."""
        before = self.refusals()
        wait_until(lambda: self.refusals() > before, "a client is refused", RECOVERY)

    def refusals(self):
        return sum(bool(answer.code) for client in self.clients for answer in list(client.answers))

    def longest_pause(self):
        """The longest time between two acknowledged writes, in seconds."""
        ends = sorted(a.began + a.seconds for w in self.writers for a in w.answers if a.is_write and not a.code)
        return max((later - earlier for earlier, later in pairwise(ends)), default=0)
