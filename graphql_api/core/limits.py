"""What a document may cost, measured before validation on the arguments that its resolvers will get."""

import math
from collections import Counter
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import pgettext_lazy as pgettext
from graphene.utils.str_converters import to_camel_case
from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    GraphQLSyntaxError,
    OperationDefinitionNode,
    SchemaMetaFieldDef,
    TokenKind,
    TypeMetaFieldDef,
    ValidationRule,
    get_argument_values,
    get_named_type,
    get_nullable_type,
    get_operation_ast,
    get_variable_values,
    is_composite_type,
    is_list_type,
    parse,
)
from rest_framework.exceptions import ValidationError

from graphql_api.core.connections import PAGE_ARGUMENTS, page_values
from graphql_api.schema import schema
from graphql_api.types import PROFILE_FIELDS
from profiles.core.outcomes import Outcome, Refused
from profiles.core.pages import DEFAULT_SIZE, MOST
from profiles.core.parsers import MOST_DIGITS
from profiles.core.resources import COUNT_OPERATIONS
from profiles.resource import SEARCH_OPERATIONS

TYPES = schema.graphql_schema.type_map
SCHEMA_FIELDS = {"__schema": SchemaMetaFieldDef, "__type": TypeMetaFieldDef}
KEPT = 64  # parsed documents in the cache: clients repeat the same ones with other variables
TAKES_CREDENTIALS = {"tokenAuth", "changePassword", "createProfile"}

# Rows

AS_MANY_ROWS = {"totalCount": 50, "search": 50, "__schema": 150, "__type": 150}
"""Fields, and an argument, that take as long as reading so many rows."""
A_PAGE = 50  # rows that the page's own statement is worth
EXTRA_OPERATIONS = {"totalCount": COUNT_OPERATIONS, "search": SEARCH_OPERATIONS}
"""A field and an argument that count as further operations, as many as in REST."""

# Sizes of lists of objects, and of scalars that hold objects, that have no pages. Of an unknown one: MOST

WRITABLE = [name for name, each in PROFILE_FIELDS.items() if not each.read_only]
SIZES = {
    "changes": 4,  # of a write, on average, so that a page of 100 passes as over REST; execution bounds the bytes
    "errors": len(PROFILE_FIELDS),
    "UpdateProfilesPayload.errors": MOST,  # rows
    "from": 1,  # the value of one field
    "to": 1,
    # Introspection, on average; not how many types there really are, so that a complete one passes for any schema
    "types": 50,
    "directives": 5,
    "fields": 3,
    "inputFields": 1.5,
    "enumValues": 1.25,
    "args": 0.25,
    "interfaces": 0.1,
    "possibleTypes": 0.1,
}
PART = {"ofType": 0.5, "__schema": 0.5, "__type": 0.5}
"""How much is charged of what is below a field: few types wrap another; the schema's values take half the time."""

# Bytes

A_CHARACTER = 12  # bytes at most, as JSON in ASCII: two escapes of six
A_LEAF = 300  # bytes of a text without a declared length: a cursor, an etag, a message
A_NAME = 4  # bytes around a name: quotes, colon, comma
LENGTHS = {to_camel_case(n): each.max_length for n, each in PROFILE_FIELDS.items() if getattr(each, "max_length", 0)}
A_CHANGE = sum(LENGTHS.values()) / len(WRITABLE)  # characters of one of a change's fields, on average
BYTES = {name: A_CHARACTER * length for name, length in (LENGTHS | {"from": A_CHANGE, "to": A_CHANGE}).items()}


@dataclass(frozen=True, slots=True)
class Amount:
    """Rows that are read, values of the response, and the bytes of these."""

    rows: float = 0
    values: float = 0
    bytes: float = 0

    def __add__(self, other):
        return Amount(self.rows + other.rows, self.values + other.values, self.bytes + other.bytes)

    def __mul__(self, size):
        return Amount(self.rows * size, self.values * size, self.bytes * size)


@dataclass(slots=True)
class Cost:
    """What a selection set costs, with each fragment counted wherever it is spread."""

    depth: int = 0
    aliases: int = 0
    directives: int = 0
    fragments: int = 0
    repeated: int = 0
    extra_operations: int = 0
    once: Amount = Amount()
    per_row: Amount = Amount()  # for each row of the page that this is selected on
    names: Counter[str] = field(default_factory=Counter)  # of the response's fields on this level

    @property
    def root_fields(self):
        return self.names.total()

    @property
    def operations(self):
        """What it spends of a budget."""
        return max(1, self.root_fields) + self.extra_operations

    @property
    def shown(self):
        """`extensions.cost`."""
        return {"operations": self.operations, "rows": self.total_rows, "values": self.total_values}

    @property
    def total(self):
        return self.once + self.per_row

    @property
    def total_rows(self):
        return math.ceil(self.total.rows)

    @property
    def total_values(self):
        return math.ceil(self.total.values)

    @property
    def total_bytes(self):
        return math.ceil(self.total.bytes)

    def add(self, other):
        """Add the cost of a sibling, or of a selection below."""
        self.aliases += other.aliases
        self.directives += other.directives
        self.fragments += other.fragments
        self.repeated += other.repeated
        self.extra_operations += other.extra_operations
        self.once += other.once
        self.per_row += other.per_row


class Measure:
    """The costs of one document's parts, for one operation's variables. A fragment is measured once.

    Fragments and variables need not exist, nor fit where they are used: validation comes later.
    """

    def __init__(self, document, variables):
        self.variables = variables
        self.definitions = {n.name.value: n for n in document.definitions if isinstance(n, FragmentDefinitionNode)}
        self.of_fragments = {}
        self.most_levels = settings.GRAPHQL_LIMITS["depth"] + settings.GRAPHQL_LIMITS["fragments"]

    def operation(self, node):
        cost = self.selections(node.selection_set, schema.graphql_schema.get_root_type(node.operation), 0)
        cost.directives += len(node.directives)
        return cost

    def fragment(self, name, level):
        """The cost of a fragment: nothing for a circular one within itself and for an unknown one."""
        if name not in self.of_fragments:
            self.of_fragments[name] = Cost()
            if node := self.definitions.get(name):
                parent = TYPES.get(node.type_condition.name.value)
                self.of_fragments[name] = self.selections(node.selection_set, parent, level)
                self.of_fragments[name].directives += len(node.directives)
        return self.of_fragments[name]

    def selections(self, selection_set, parent, level):
        if level > self.most_levels:
            raise too_much("depth", level)
        total, spread = Cost(), set()
        for node in selection_set.selections if selection_set else ():
            total.directives += len(node.directives)
            if isinstance(node, FieldNode):
                self.add_field(total, node, parent, level + 1)
                continue
            total.fragments += 1
            if isinstance(node, FragmentSpreadNode):
                cost = self.fragment(node.name.value, level + 1)
                names = Counter() if node.name.value in spread else cost.names  # the same fields are merged
                spread.add(node.name.value)
            else:
                condition = node.type_condition
                inner = TYPES.get(condition.name.value) if condition else parent
                cost = self.selections(node.selection_set, inner, level + 1)
                names = cost.names
            total.add(cost)
            total.depth = max(total.depth, cost.depth)
            total.repeated -= repeats(cost.names)
            total.names += names
        total.repeated += repeats(total.names)
        return total

    def add_field(self, total, node, parent, level):
        name, shown = node.name.value, (node.alias or node.name).value
        definition = SCHEMA_FIELDS.get(name) or getattr(parent, "fields", {}).get(name)
        below = self.selections(node.selection_set, definition and get_named_type(definition.type), level)
        total.depth = max(total.depth, 1 + below.depth)
        total.names[shown] += 1
        below.aliases += node.alias is not None
        below.extra_operations += EXTRA_OPERATIONS.get(name, 0)
        own = Amount(AS_MANY_ROWS.get(name, 0), 1, len(shown) + A_NAME)
        if definition:
            self.multiply(below, own, node, parent, definition)
        else:
            below.once += own
        total.add(below)

    def multiply(self, cost, own, node, parent, definition):
        """Charge what is below a field as often as its type says, and what the field itself costs."""
        arguments = self.arguments(definition, node)
        named, is_list = get_named_type(definition.type), is_list_type(get_nullable_type(definition.type))
        given = [name for name, value in arguments.items() if value is not None]
        own += Amount(rows=sum(AS_MANY_ROWS.get(name, 0) for name in given))
        cost.extra_operations += sum(EXTRA_OPERATIONS.get(name, 0) for name in given)
        if is_list and parent.name.endswith("Connection"):
            cost.once, cost.per_row = Amount(), own + cost.total + Amount(rows=1)
        elif "first" in definition.args:
            cost.once, cost.per_row = cost.once + cost.per_row * page_size(arguments), Amount()
            cost.once += own + Amount(rows=A_PAGE)
        elif is_list and is_row(named):
            cost.once, cost.per_row = (cost.total + Amount(rows=1)) * MOST, Amount()
            cost.once += own + Amount(rows=A_PAGE)
        elif is_composite_type(named):
            size = size_of(parent, node.name.value) if is_list else PART.get(node.name.value, 1)
            cost.once, cost.per_row = cost.once * size, cost.per_row * size
            cost.once += own + Amount(rows=is_row(named) and not parent.name.endswith("Edge"))
        else:
            size = size_of(parent, node.name.value) if named.name == "GenericScalar" else 1
            cost.once += own + Amount(values=size - 1, bytes=size * BYTES.get(node.name.value, A_LEAF))

    def arguments(self, definition, node):
        """A field's arguments as its resolver gets them; the largest page for invalid ones, which are refused later."""
        try:
            return get_argument_values(definition, node, self.variables)
        except GraphQLError:
            return {"first": MOST}


def is_row(named):
    """Whether a type is a row of the database: it has a global id."""
    return named is TYPES["Node"] or TYPES["Node"] in getattr(named, "interfaces", ())


def size_of(parent, name):
    """How many objects there are in a field's list, or in its scalar."""
    return SIZES.get(f"{parent.name}.{name}", SIZES.get(name, MOST))


def page_size(arguments):
    """How many rows a page's arguments ask for, by what its resolver reads them with. Invalid ones cost the default."""
    try:
        page = page_values(**{name: arguments.get(name) for name in PAGE_ARGUMENTS})
    except ValidationError:
        return DEFAULT_SIZE
    size = page.get("page_size", DEFAULT_SIZE)
    return max(0, min(size, MOST)) if isinstance(size, int) else DEFAULT_SIZE


def coerce_variables(operation, variables):
    """An operation's variables as its execution gets them; none where they are invalid, which is refused later."""
    definitions = operation.variable_definitions if operation else ()
    coerced = get_variable_values(schema.graphql_schema, definitions, variables, max_errors=0, hide_suggestions=True)
    return coerced if isinstance(coerced, dict) else {}


def repeats(names):
    """How many fields stand where another of their name stands already: each is compared with each."""
    return names.total() - len(names)


def check(operations, fragments, meant):
    """Raise `Refused` where a cost is over a limit: the shape of any part, the amount of the operation meant."""
    for name, figure_of in FIGURES.items():
        costs = [meant] if name in AMOUNTS else operations if name == "root_fields" else [*operations, *fragments]
        figure = max((figure_of(cost) for cost in costs), default=0)
        if figure > settings.GRAPHQL_LIMITS[name]:
            raise too_much(name, figure)


FIGURES = {
    "depth": lambda cost: cost.depth,
    "root_fields": lambda cost: cost.root_fields,
    "aliases": lambda cost: cost.aliases,
    "repeated_fields": lambda cost: cost.repeated,
    "directives": lambda cost: cost.directives,
    "fragments": lambda cost: cost.fragments,
    "rows": lambda cost: cost.total_rows,
    "values": lambda cost: cost.total_values,
    "bytes": lambda cost: cost.total_bytes,
}
AMOUNTS = {"rows", "values", "bytes"}


WORDS = {
    "size": pgettext("a document has", "characters"),
    "variables": pgettext("a document has", "values in its variables"),
    "tokens": pgettext("a document has", "tokens"),
    "depth": pgettext("a document has", "levels of fields"),
    "root_fields": pgettext("a document has", "root fields"),
    "aliases": pgettext("a document has", "aliases"),
    "repeated_fields": pgettext("a document has", "repeated fields"),
    "directives": pgettext("a document has", "directives"),
    "fragments": pgettext("a document has", "fragments"),
    "rows": pgettext("a document has", "rows"),
    "values": pgettext("a document has", "values"),
    "bytes": pgettext("a document has", "bytes in its longest response"),
}
LARGEST = 2**31 - 1  # of GraphQL's Int: spreads of spreads soon come to more


def too_much(name: str, figure: int) -> Refused:
    most, figure = settings.GRAPHQL_LIMITS[name], min(figure, LARGEST)
    message = _("The document has {figure} {words}, and at most {most} pass. Ask for less at once.")
    said = message.format(figure=figure, words=WORDS[name], most=most)
    return Refused(Outcome.TOO_COMPLEX, said, limit=name, most=most, figure=figure)


@dataclass(frozen=True, slots=True)
class Measured:
    """A document within the limits, the operation of it that is meant, and what that costs."""

    document: DocumentNode
    operation: OperationDefinitionNode | None  # None: its name is none of the document's
    cost: Cost


def read(query: str, variables: dict[str, Any], operation_name: str | None) -> Measured:
    """Parse and measure a document.

    Args:
        query: its text.
        variables: by name, as they came.
        operation_name: which of its operations is meant; None for the only one.

    Raises:
        Refused: TOO_COMPLEX: over one of GRAPHQL_LIMITS; it says which. BAD_REQUEST: a number is too long.
        graphql.GraphQLSyntaxError: the text is not a document.
    """
    for name, figure in (("size", len(query)), ("variables", count_values(variables))):
        if figure > settings.GRAPHQL_LIMITS[name]:
            raise too_much(name, figure)
    document = parse_tokens(query)
    operation = get_operation_ast(document, operation_name)
    measure = Measure(document, coerce_variables(operation, variables))
    if len(measure.definitions) > settings.GRAPHQL_LIMITS["fragments"]:
        raise too_much("fragments", len(measure.definitions))
    operations = [node for node in document.definitions if isinstance(node, OperationDefinitionNode)]
    costs = [measure.operation(node) for node in operations]
    meant = next((cost for node, cost in zip(operations, costs, strict=True) if node is operation), Cost())
    check(costs, [measure.fragment(name, 0) for name in measure.definitions], meant)
    return Measured(document, operation, meant)


@lru_cache(KEPT)
def parse_tokens(query):
    """The syntax tree of a text. Parsing stops at the limit, so a refusal's figure is the limit and one.

    Raises as `read` does.
    """
    most = settings.GRAPHQL_LIMITS["tokens"]
    try:
        document = parse(query, max_tokens=most)
    except GraphQLSyntaxError as error:
        for words, name in (("contains more than", "tokens"), ("is nested too deeply", "depth")):
            if error.message.startswith(f"Syntax Error: Document {words}"):
                raise too_much(name, settings.GRAPHQL_LIMITS[name] + 1) from None
        raise
    check_numbers(document.loc.start_token)
    return document


def check_numbers(token):
    """Refuse a number that Python would not read: graphql-core does not expect the ValueError of `int()`."""
    while token:
        if token.kind in (TokenKind.INT, TokenKind.FLOAT) and len(token.value) > MOST_DIGITS:
            raise Refused(Outcome.BAD_REQUEST, _("A number in the document has too many digits. Send a shorter one."))
        token = token.next


def count_values(value):
    """How many values a JSON value is made of, itself among them."""
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return 1 + sum(map(count_values, inner))


class OneWithCredentials(ValidationRule):
    """At most one operation that takes credentials in a document: guesses are not sent by the dozen."""

    def __init__(self, context):
        super().__init__(context)
        self.seen = 0

    def enter_field(self, node, *others):
        if self.context.get_parent_type() is self.context.schema.mutation_type and node.name.value in TAKES_CREDENTIALS:
            self.seen += 1
            if self.seen == 2:
                message = _("Ask for one of these in a document, and no second: {names}.")
                self.report_error(GraphQLError(message.format(names=", ".join(sorted(TAKES_CREDENTIALS))), node))
