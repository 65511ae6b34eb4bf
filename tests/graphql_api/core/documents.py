"""Random valid documents, each generated from its number."""

from random import Random

from graphql import get_named_type, is_composite_type, is_interface_type

from graphql_api.schema import schema

SCHEMA = schema.graphql_schema
DEEPEST = 5
PAGES = ("", "(first: 2)", "(last: 3)")
LISTS = (*PAGES, "(first: 4, orderBy: USERNAME)", '(filter: {usernamePrefix: "o"})')
SHAPES = ("%s", "%s", "... { %s }", "... on {on} { %s }", "... @include(if: $yes) { %s }", "... @skip(if: $no) { %s }")
DIRECTIVES = ("", "", "", "", " @skip(if: $no)", " @skip(if: $yes)", " @include(if: $yes)", " @include(if: $no)")


class MadeUp:
    """A document, with `variables` for its directives.

    Args:
        number: the document's number.
        keys: primary keys to query.
        ids: global ids to query; the first is also written to.
    """

    def __init__(self, number, keys, ids):
        self.random = Random(number)  # noqa: S311  no secrets
        self.keys, self.ids = keys, ids
        self.fragments = []
        roots = [self.one, self.several, self.node, self.nodes, self.me, lambda: "__schema { queryType { name } }"]
        is_query = self.random.random() < 0.9
        fields = (
            [self.random.choice(roots)() for _ in range(self.random.choice((1, 1, 2)))] if is_query else [self.write()]
        )
        body = " ".join(f"r{number}: {field}" for number, field in enumerate(fields))
        text = " ".join([f"{{ __typename {body} }}", *self.fragments])
        self.names = [name for name in ("yes", "no") if f"${name}" in text]
        parameters = f"({', '.join(f'${name}: Boolean!' for name in self.names)})" if self.names else ""
        self.text = f"{'query' if is_query else 'mutation'} {parameters} {text}"

    @property
    def variables(self):
        """The variables of each execution: several choices, or one choice again."""
        choices = [(True, False), (False, True), (True, True), (True, False)] if self.names else [(), ()]
        return [dict(zip(("yes", "no"), choice, strict=False)) for choice in choices[: self.random.choice((1, 2, 4))]]

    # Root fields

    def one(self):
        return f"profile(pk: {self.random.choice(self.keys)}) {{ {self.fields('Profile')} }}"

    def several(self):
        return f"profiles{self.random.choice(LISTS)} {{ {self.fields('ProfileConnection')} }}"

    def node(self):
        return f'node(id: "{self.random.choice(self.ids)}") {{ {self.fields("Node")} }}'

    def nodes(self):
        ids = ", ".join(f'"{each}"' for each in self.random.sample(self.ids, 3))
        return f"nodes(ids: [{ids}]) {{ {self.fields('Node')} }}"

    def me(self):
        return f"me {{ {self.fields('Profile')} }}"

    def write(self):
        """A mutation that changes nothing."""
        values = self.random.choice(("", ', website: "none", bio: 1', ', timeZone: "Mars"'))
        values = values.replace("bio: 1", 'username: ""')
        return f'updateProfile(input: {{id: "{self.ids[0]}"{values}}}) {{ {self.fields("UpdateProfilePayload")} }}'

    # Selections

    def fields(self, name, depth=1):
        """Fields of a type, some of them in fragments."""
        kind = SCHEMA.type_map[name]
        parts = []
        for _ in range(self.random.choice((1, 1, 2, 3) if depth < 3 else (1, 1, 2))):
            on, shape = name, self.random.choice(SHAPES)
            if is_interface_type(kind) and "{on}" in shape:
                on = "Profile"
            inner = " ".join(self.field(on, depth) for _ in range(self.random.choice((1, 2, 3))))
            if self.random.random() < 0.1:
                parts.append(f"...F{len(self.fragments)}")
                self.fragments.append(f"fragment F{len(self.fragments)} on {on} {{ {inner} }}")
            else:
                parts.append(shape.replace("{on}", on) % inner)
        return " ".join(parts)

    def field(self, on, depth):
        """A field of a type. One alias always names the same field, so that selections can be merged."""
        fields = SCHEMA.type_map[on].fields
        most = [
            name for name, each in fields.items() if depth < DEEPEST or not is_composite_type(get_named_type(each.type))
        ]
        name = self.random.choice(["__typename", *most, *([each for each in ("edges", "node") if each in most] * 4)])
        alias = self.random.choice(("", "", "", f"a_{name}: "))
        arguments = PAGES[1 if alias else 0] if name == "history" else ""
        kind = get_named_type(fields[name].type) if name in fields else None
        below = f" {{ {self.fields(kind.name, depth + 1)} }}" if is_composite_type(kind) else ""
        return f"{alias}{name}{arguments}{self.random.choice(DIRECTIVES)}{below}"
