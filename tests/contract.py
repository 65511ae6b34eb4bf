"""REST's OpenAPI contract; the tests check every REST response against it."""

import re
from functools import cache
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import yaml
from jsonschema import Draft202012Validator, validators
from referencing import Registry
from referencing.jsonschema import DRAFT202012

CONTRACT = yaml.load((Path(__file__).parent.parent / "profiles" / "openapi.yaml").read_text(), yaml.CSafeLoader)
REGISTRY = Registry().with_resource("contract", DRAFT202012.create_resource(CONTRACT))
OfSome = validators.extend(Draft202012Validator, {"required": lambda *_: ()})
"""A validator for a response with some of the fields, as `?fields=` requests them."""
FORMS = {"{id}": "(?:[0-9]+|[0-9a-f-]{36})", "{username}": "[^/]+"}  # values of path parameters


def hold(method, path, response):
    """Fail if a response differs from the contract's description of its operation."""
    parts = urlsplit(path)
    operation = operation_at(method, parts.path.rstrip("/"))
    if operation is None:
        return
    pointer, told = answer_of(operation, str(response.status_code))
    assert told, f"{operation} does not tell of {response.status_code}: {response.content}"
    needed = [name for name, header in told.get("headers", {}).items() if header.get("required")]
    assert all(name in response.headers for name in needed), f"{operation}, {response.status_code}: {needed}"
    if "content" in told:
        media_type = response.headers["Content-Type"]
        assert media_type in told["content"], f"{operation}: {media_type}"
        kind = OfSome if "fields" in parse_qs(parts.query) else Draft202012Validator
        validator(f"{pointer}/content/{escaped(media_type)}/schema", kind).validate(response.json())
    else:
        assert response.content == b"", operation


@cache
def operation_at(method, path):
    """The JSON pointer of a request's operation, or None if the contract lacks it."""
    for template, operations in CONTRACT["paths"].items():
        form = re.sub(r"{\w+}", lambda name: FORMS[name[0]], template)
        if method.lower() in operations and re.fullmatch(form, path):
            return f"/paths/{escaped(template)}/{method.lower()}"
    return None


@cache
def answer_of(operation, status):
    """The JSON pointer of a response and its description, or nothing if the contract lacks it."""
    pointer, told = f"{operation}/responses/{status}", at(f"{operation}/responses").get(status, {})
    if "$ref" in told:
        pointer = told["$ref"].removeprefix("#")
    return pointer, told and at(pointer)


def at(pointer):
    return REGISTRY.resolver().lookup(f"contract#{pointer}").contents


@cache
def validator(pointer, kind):
    return kind({"$ref": f"contract#{pointer}"}, registry=REGISTRY)


def escaped(name):
    """A name escaped for a JSON pointer (RFC 6901, section 3)."""
    return name.replace("~", "~0").replace("/", "~1")
