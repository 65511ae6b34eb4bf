"""Clients of both APIs with the same methods and answers, so that a test says what is done and not how."""

import json
import re
from dataclasses import dataclass, field, replace
from urllib.parse import parse_qs, quote, urlencode, urlsplit

from django.http import HttpResponse, JsonResponse
from django.utils.encoding import iri_to_uri
from graphql import get_named_type, is_leaf_type
from graphql_relay import to_global_id
from rest_framework.serializers import ChoiceField

from graphql_api.schema import schema
from profiles.core.models import Source
from profiles.resource import PROFILES
from tests import contract


def whole_of(resource):
    """A fragment with all fields of the resource, and the keys of related rows."""
    fields = schema.graphql_schema.type_map[resource.name].fields
    leaves = [name for name, field in fields.items() if is_leaf_type(get_named_type(field.type))]
    return f"fragment Whole on {resource.name} {{ {' '.join(leaves)} updatedBy {{ pk }} }}"


TOKENS = "token refreshToken expiresAt refreshExpiresAt scope"
SESSION = "id client address createdAt lastUsedAt expiresAt scope current"
PERSONAL_TOKEN = "id label scopes createdAt expiresAt lastUsedAt"
ARGUMENTS = {"scope": "Scope", "id": "ID!", "scopes": "[String!]!", "days": "Int!"}


def camel(name):
    return re.sub(r"_([a-z])", lambda match: match[1].upper(), name)


def camels(values):
    return {camel(name): value for name, value in values.items()}


def given(*, if_match=None, key=None):
    """The given preconditions of a write and its idempotency key, as header names."""
    conditions = {"if_match": if_match, "idempotency_key": key}
    return {name: value for name, value in conditions.items() if value is not None}


def whole(response):
    """A response with its body read, because Django's client may return a stream."""
    if not getattr(response, "streaming", False):
        return response
    read = HttpResponse(b"".join(response.streaming_content), status=response.status_code, headers=response.headers)
    read.json = lambda: json.loads(read.content)
    return read


def snake(name):
    return re.sub(r"([A-Z])", lambda match: f"_{match[1].lower()}", name)


@dataclass(frozen=True)
class Answer:
    """An operation's result: `outcome` is "done", "invalid" or an error code."""

    outcome: str
    errors: tuple = ()  # tuples of (code, field, message)
    body: dict | None = None
    details: dict = field(default_factory=dict)
    etag: str | None = None


class RESTAPI:
    source = Source.REST

    def __init__(self, client, resource=PROFILES):
        self.client = client
        self.path = f"/{resource.plural}/"

    def send(self, method, path, body=None, *, token=None, media_type="application/json", **headers):
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        if token:
            headers["authorization"] = f"Bearer {token}"
        if body is not None and not isinstance(body, str | bytes):
            body = json.dumps(body)
        content = {} if body is None else {"data": body, "content_type": media_type}
        response = whole(self.client.generic(method, path, headers=headers, **content))
        contract.hold(method, path, response)
        return response

    def view(self, pk, *, token=None, **headers):
        return self.answer(self.send("GET", f"{self.path}{pk}/", token=token, **headers))

    def view_by_username(self, username, *, token=None):
        return self.answer(self.send("GET", f"/profiles/by-username/{username}/", token=token))

    def view_me(self, *, token=None):
        return self.answer(self.send("GET", "/profiles/me/", token=token))

    def update(self, pk, values, *, token=None, **conditions):
        headers = given(**conditions)
        return self.answer(self.send("PATCH", f"{self.path}{pk}/", values, token=token, **headers))

    def replace(self, pk, values, *, token=None, **conditions):
        headers = given(**conditions)
        return self.answer(self.send("PUT", f"{self.path}{pk}/", values, token=token, **headers))

    def sign_in(self, username, password, **scope):
        return self.operation("token", {"username": username, "password": password, **scope})

    def create(self, values, *, token=None, **conditions):
        headers = given(**conditions)
        return self.answer(self.send("POST", self.path, values, token=token, **headers))

    def update_many(self, items, *, token=None, **conditions):
        sent = [{"id": pk, **values} for pk, values in items]
        answer = self.answer(self.send("PATCH", "/profiles/", sent, token=token, **given(**conditions)))
        return answer if answer.body is None else replace(answer, body={"rows": answer.body})

    def delete(self, pk, *, token=None, **conditions):
        headers = given(**conditions)
        return self.answer(self.send("DELETE", f"{self.path}{pk}/", token=token, **headers))

    def export(self, pk, *, token=None):
        return self.answer(self.send("GET", f"/profiles/{pk}/export/", token=token))

    def refresh(self, refresh_token):
        return self.operation("token/refresh", {"refresh_token": refresh_token})

    def verify(self, token):
        return self.operation("token/verify", {"token": token})

    def revoke(self, refresh_token):
        return self.operation("token/revoke", {"refresh_token": refresh_token})

    def log_out_everywhere(self, *, token=None):
        return self.operation("logout-everywhere", {}, token=token)

    def change_password(self, old_password, new_password, *, token=None):
        return self.operation("password", {"old_password": old_password, "new_password": new_password}, token=token)

    def request_recovery(self, email):
        return self.operation("recovery", {"email": email})

    def confirm_recovery(self, email, code, new_password):
        return self.operation("recovery/confirm", {"email": email, "code": code, "new_password": new_password})

    def verify_email(self, code, *, token=None):
        return self.answer(self.send("POST", "/profiles/me/email/verify/", {"code": code}, token=token))

    def resend_verification(self, *, token=None):
        return self.answer(self.send("POST", "/profiles/me/email/resend/", {}, token=token))

    def undo_email_change(self, undo_token):
        return self.operation("email/undo", {"token": undo_token})

    def history(self, pk, *, token=None, **page):
        answer = self.answer(self.send("GET", f"{self.path}{pk}/history/?{urlencode(page)}", token=token))
        return answer if answer.body is None else replace(answer, body=self.page(answer.body), etag=None)

    def list(self, *, token=None, **wanted):
        answer = self.answer(self.send("GET", f"{self.path}?{urlencode(wanted)}", token=token))
        return answer if answer.body is None else replace(answer, body=self.page(answer.body), etag=None)

    @staticmethod
    def page(body):
        """A page's rows, and its cursors for the next and the previous page. Its entity tag is REST's alone."""
        links = {name: body[name] and parse_qs(urlsplit(body[name]).query) for name in ("next", "previous")}
        page = {"rows": body["results"]} | {name: link and link["cursor"][0] for name, link in links.items()}
        return page | ({"count": body["count"]} if "count" in body else {})

    def list_sessions(self, *, token=None):
        return self.answer(self.send("GET", "/auth/sessions/", token=token))

    def end_session(self, key, *, token=None):
        return self.answer(self.send("DELETE", f"/auth/sessions/{quote(key)}/", token=token))

    def end_other_sessions(self, *, token=None):
        return self.operation("sessions/end-others", {}, token=token)

    def create_personal_token(self, label, scopes, days, *, token=None):
        return self.operation("tokens", {"label": label, "scopes": scopes, "days": days}, token=token)

    def list_personal_tokens(self, *, token=None):
        return self.answer(self.send("GET", "/auth/tokens/", token=token))

    def revoke_personal_token(self, key, *, token=None):
        return self.answer(self.send("DELETE", f"/auth/tokens/{quote(key)}/", token=token))

    def operation(self, path, values, *, token=None):
        return self.answer(self.send("POST", f"/auth/{path}/", values, token=token))

    def answer(self, response):
        if response.status_code == 204:
            return Answer("done")
        body = json.loads(response.content)
        if response.status_code in (200, 201, 202):
            return Answer("done", body=body, etag=response.headers.get("ETag"))
        errors = body["errors"]
        if body["type"] == "validation_error":
            assert response.status_code == 400
            return Answer("invalid", tuple((error["code"], error["attr"], error["detail"]) for error in errors))
        details = {name: value for name, value in body.items() if name not in ("type", "errors")}
        return Answer(errors[0]["code"], ((errors[0]["code"], None, errors[0]["detail"]),), details=details)


class BatchAPI(RESTAPI):
    """REST, where each GET except an export's is sent as a batch of one read."""

    def send(self, method, path, body=None, *, token=None, **headers):
        if method != "GET" or path.endswith("/export/"):
            return super().send(method, path, body, token=token, **headers)
        response = super().send("POST", "/batch/", [{"path": iri_to_uri(path), **headers}], token=token)
        if response.status_code != 200:
            return response
        (read,) = response.json()
        headers = {"ETag": read["etag"]} if read["etag"] else None
        return JsonResponse(read["body"], safe=False, status=read["status"], headers=headers)


class GraphQLAPI:
    source = Source.GRAPHQL

    def __init__(self, client, resource=PROFILES):
        self.client, self.resource = client, resource
        self.whole = whole_of(resource)
        fields = resource.serializer().fields
        self.enums = {name for name, field in fields.items() if isinstance(field, ChoiceField)}

    def send(self, query, variables=None, *, token=None, **headers):
        if token:
            headers["authorization"] = f"Bearer {token}"
        body = json.dumps({"query": query, "variables": variables or {}})
        return self.client.generic("POST", "/graphql/", body, content_type="application/json", headers=headers)

    def view(self, pk, *, token=None):
        return self.query(f"{self.resource.field}(pk: $pk)", "$pk: Int", {"pk": pk}, token)

    def view_by_username(self, username, *, token=None):
        return self.query("profile(username: $name)", "$name: String", {"name": username}, token)

    def view_me(self, *, token=None):
        return self.query("me", "", {}, token)

    def update(self, pk, values, *, token=None, **conditions):
        return self.mutation("update", pk, values, token, **conditions)

    def replace(self, pk, values, *, token=None, **conditions):
        return self.mutation("replace", pk, values, token, **conditions)

    def sign_in(self, username, password, **scope):
        return self.operation("tokenAuth", TOKENS, {"username": username, "password": password, **scope})

    def create(self, values, *, token=None, **conditions):
        return self.mutation("create", None, values, token, **conditions)

    def update_many(self, items, *, token=None, **conditions):
        profiles = [
            {"id": to_global_id("Profile", pk)} | {camel(name): self.spelled(name, v) for name, v in values.items()}
            for pk, values in items
        ]
        query = f"""mutation ($input: UpdateProfilesInput!) {{ answer: updateProfiles(input: $input) {{
            profiles {{ ...Whole }} errors {{ code message field }} }} }} {self.whole}"""
        sent = {"profiles": profiles, **camels(given(**conditions))}
        response = self.send(query, {"input": sent}, token=token)
        payload = response.json().get("data", {}).get("answer")
        if payload and payload["profiles"] is not None:
            return Answer("done", body={"rows": [self.done(profile).body for profile in payload["profiles"]]})
        return self.answer(response)

    def delete(self, pk, *, token=None, **conditions):
        name, payload = self.resource.name, "deletedId errors { code message field }"
        query = f"mutation ($input: Delete{name}Input!) {{ answer: delete{name}(input: $input) {{ {payload} }} }}"
        sent = {"id": to_global_id(name, pk), **camels(given(**conditions))}
        response = self.send(query, {"input": sent}, token=token)
        if (response.json().get("data") or {}).get("answer") == {"deletedId": sent["id"], "errors": []}:
            return Answer("done")
        return self.answer(response)

    def export(self, pk, *, token=None):
        """Fetch the export from the answer's link, with the same token."""
        query = "query ($pk: Int) { answer: profile(pk: $pk) { export { url } } }"
        response = self.send(query, {"pk": pk}, token=token)
        body = response.json()
        if "errors" in body:
            return self.answer(response)
        rest = RESTAPI(self.client)
        return rest.answer(rest.send("GET", urlsplit(body["data"]["answer"]["export"]["url"]).path, token=token))

    def refresh(self, refresh_token):
        return self.operation("refreshToken", TOKENS, {"refresh_token": refresh_token})

    def verify(self, token):
        return self.operation("verifyToken", "pk id username expiresAt scope", {"token": token})

    def revoke(self, refresh_token):
        return self.operation("revokeToken", "revoked", {"refresh_token": refresh_token})

    def log_out_everywhere(self, *, token=None):
        return self.operation("logoutEverywhere", "loggedOut", {}, token=token)

    def change_password(self, old_password, new_password, *, token=None):
        values = {"old_password": old_password, "new_password": new_password}
        return self.operation("changePassword", TOKENS, values, token=token)

    def request_recovery(self, email):
        return self.operation("requestRecovery", "requested", {"email": email})

    def confirm_recovery(self, email, code, new_password):
        values = {"email": email, "code": code, "new_password": new_password}
        return self.operation("confirmRecovery", TOKENS, values)

    def verify_email(self, code, *, token=None):
        return self.operation("verifyEmail", "verified", {"code": code}, token=token)

    def resend_verification(self, *, token=None):
        return self.operation("resendVerification", "requested", {}, token=token)

    def undo_email_change(self, undo_token):
        return self.operation("undoEmailChange", "undone", {"token": undo_token})

    def list_sessions(self, *, token=None):
        return self.members(f"sessions {{ {SESSION} }}", token)

    def end_session(self, key, *, token=None):
        return self.emptied(self.operation("endSession", "ended", {"id": key}, token=token))

    def end_other_sessions(self, *, token=None):
        return self.operation("endOtherSessions", "ended", {}, token=token)

    def create_personal_token(self, label, scopes, days, *, token=None):
        values = {"label": label, "scopes": scopes, "days": days}
        return self.operation("createPersonalToken", f"{PERSONAL_TOKEN} token", values, token=token)

    def list_personal_tokens(self, *, token=None):
        return self.members(f"personalTokens {{ {PERSONAL_TOKEN} }}", token)

    def revoke_personal_token(self, key, *, token=None):
        return self.emptied(self.operation("revokePersonalToken", "revoked", {"id": key}, token=token))

    def members(self, field, token):
        """A list field of the caller's own profile, in REST's form."""
        response = self.send(f"{{ answer: me {{ {field} }} }}", token=token)
        body = response.json()
        if "errors" in body:
            return self.answer(response)
        (rows,) = body["data"]["answer"].values()
        return Answer("done", body={"results": [{snake(name): row[name] for name in row} for row in rows]})

    @staticmethod
    def emptied(answer):
        """The answer without a body, where REST's response has none."""
        assert answer.outcome != "done" or all(answer.body.values())
        return replace(answer, body=None)

    def history(self, pk, *, token=None, page_size=None, cursor=None, direction="forward"):
        names = {"forward": ("first", "after"), "back": ("last", "before")}[direction]
        given = dict(zip(names, (page_size, cursor), strict=True))
        arguments = ", ".join(f"{name}: {json.dumps(value)}" for name, value in given.items() if value is not None)
        called = f"history({arguments})" if arguments else "history"
        query = f"""query ($pk: Int) {{ answer: {self.resource.field}(pk: $pk) {{ {called} {{
            edges {{ cursor node {{ version at actor {{ pk }} source requestId changes {{ field from to }} }} }}
            pageInfo {{ hasNextPage hasPreviousPage startCursor endCursor }} }} }} }}"""
        response = self.send(query, {"pk": pk}, token=token)
        body = response.json()
        if "errors" in body:
            return self.answer(response)
        return Answer("done", body=self.page(body["data"]["answer"]["history"]))

    def list(self, *, token=None, page_size=None, cursor=None, direction="forward", **wanted):
        names = {"forward": ("first", "after"), "back": ("last", "before")}[direction]
        given = {name: value for name, value in zip(names, (page_size, cursor), strict=True) if value is not None}
        count = "totalCount" if wanted.pop("count", None) else ""
        given |= {"search": wanted.pop("search")} if "search" in wanted else {}
        ordering = wanted.pop("ordering", None)
        if ordering:
            given["orderBy"] = ordering.removeprefix("-").upper() + ("_DESC" if ordering.startswith("-") else "")
        given["filter"] = {camel(name): self.filtered(name, value) for name, value in wanted.items()}
        query = f"""query ($first: Int, $after: String, $last: Int, $before: String,
            {"$search: String," if self.resource.search else ""}
            $filter: {self.resource.name}FilterInput, $orderBy: {self.resource.name}Order) {{
            answer: {self.resource.plural}(first: $first, after: $after, last: $last, before: $before,
            {"search: $search," if self.resource.search else ""} filter: $filter, orderBy: $orderBy) {{
            {count} edges {{ cursor node {{ ...Whole }} }}
            pageInfo {{ hasNextPage hasPreviousPage startCursor endCursor }} }} }} {self.whole}"""
        response = self.send(query, given, token=token)
        body = response.json()
        if "errors" in body:
            return self.answer(response)
        connection = body["data"]["answer"]
        rows = [self.done(edge["node"]).body for edge in connection["edges"]]
        page = {"rows": rows, **self.ends(connection["pageInfo"])}
        return Answer("done", body=page | ({"count": connection["totalCount"]} if count else {}))

    @staticmethod
    def filtered(name, value):
        if name == "visibility":
            return value.upper()
        return value == "true" if name == "is_active" else value

    @staticmethod
    def ends(info):
        return {
            "next": info["endCursor"] if info["hasNextPage"] else None,
            "previous": info["startCursor"] if info["hasPreviousPage"] else None,
        }

    def page(self, connection):
        rows = [{snake(name): value for name, value in edge["node"].items()} for edge in connection["edges"]]
        for row in rows:
            row |= {"actor": row["actor"] and row["actor"]["pk"], "source": row["source"].lower()}
            row["changes"] = [change | {"field": snake(change["field"])} for change in row["changes"]]
        return {"rows": rows, **self.ends(connection["pageInfo"])}

    def operation(self, name, fields, values, *, token=None):
        types = {camel(key): ARGUMENTS.get(key, "String!") for key in values}
        parameters = ", ".join(f"${key}: {kind}" for key, kind in types.items())
        arguments = ", ".join(f"{key}: ${key}" for key in types)
        query = "mutation {} {{ answer: {}{} {{ {} errors {{ code message field }} }} }}".format(
            f"({parameters})" if types else "", name, f"({arguments})" if types else "", fields
        )
        variables = {camel(key): self.spelled(key, value) for key, value in values.items()}
        return self.answer(self.send(query, variables, token=token))

    def query(self, field, parameters, variables, token):
        head = f"query ({parameters})" if parameters else "query"
        query = f"{head} {{ answer: {field} {{ ...Whole }} }} {self.whole}"
        return self.answer(self.send(query, variables, token=token))

    def mutation(self, name, pk, values, token, **conditions):
        sent = {camel(name): self.spelled(name, value) for name, value in values.items()}
        sent |= {} if pk is None else {"id": to_global_id(self.resource.name, pk)}
        sent |= camels(given(**conditions))
        kind, field = self.resource.name, self.resource.field
        query = f"""mutation ($input: {name.capitalize()}{kind}Input!) {{
            answer: {name}{kind}(input: $input) {{ {field} {{ ...Whole }} errors {{ code message field }} }} }}
            {self.whole}"""
        return self.answer(self.send(query, {"input": sent}, token=token))

    @staticmethod
    def spelled(name, value):
        return value.upper() if name in ("visibility", "scope", "language") and isinstance(value, str) else value

    def answer(self, response):
        body = response.json()
        if "errors" in body:
            extensions = dict(body["errors"][0]["extensions"])
            code = extensions.pop("code")
            return Answer(code, ((code, None, body["errors"][0]["message"]),), details=extensions)
        payload = body["data"]["answer"]
        errors = payload.pop("errors", [])
        if errors:
            assert not any(payload.values())
            found = tuple((e["code"], e["field"] and snake(e["field"]), e["message"]) for e in errors)
            return Answer("invalid", found)
        return self.done(payload.get(self.resource.field, payload))

    def done(self, payload):
        """The payload in REST's form."""
        shown = {snake(name): value for name, value in payload.items()}
        etag = shown.pop("etag", None)
        if "pk" in shown:
            shown |= {"id": shown.pop("pk"), "node_id": shown["id"]}
        if "editable_fields" in shown:
            shown |= {name: shown[name] and shown[name].lower() for name in self.enums}
            shown["updated_by"] = shown["updated_by"] and shown["updated_by"]["pk"]
            shown["editable_fields"] = [snake(name) for name in shown["editable_fields"]]
        return Answer("done", body=shown, etag=etag)
