"""Limits on the cost of a document, measured before validation with the arguments that its resolvers will get."""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import pgettext_lazy as pgettext
from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    GraphQLField,
    GraphQLNamedType,
    GraphQLSyntaxError,
    InlineFragmentNode,
    ListValueNode,
    ObjectValueNode,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
    Token,
    TokenKind,
    ValueNode,
    VariableNode,
    get_argument_values,
    get_named_type,
    get_operation_ast,
    get_variable_values,
    parse,
)
from rest_framework.exceptions import ValidationError

from graphql_api.core.connections import PAGE_ARGUMENTS, page_values
from graphql_api.core.costs import A_NAME, Amount, Shape, definition_of, graphql_schema, shape_of, values_of_page
from profiles.core.outcomes import Outcome, Refused
from profiles.core.pages import DEFAULT_SIZE, MOST
from profiles.core.parsers import MOST_DIGITS

LONG_ROWS = 100  # a document over either of these waits for the short requests of its process
LONG_VALUES = 500
KEPT = 64  # parsed documents in the cache: clients repeat documents with other variables


@dataclass
class Cost:
    """The cost of a selection set. A fragment counts at each of its spreads."""

    depth: int = 0
    aliases: int = 0
    directives: int = 0
    fragments: int = 0
    repeated: int = 0
    extra_operations: int = 0
    once: Amount = field(default_factory=Amount)
    per_row: Amount = field(default_factory=Amount)  # for each row of the enclosing page
    names: Counter[str] = field(default_factory=Counter)  # response names on this level

    @cached_property
    def figures(self) -> dict[str, int]:
        """The cost by the names of `GRAPHQL_LIMITS`. Cached: read it only after the last `add`."""
        total = self.once + self.per_row
        return {
            "depth": self.depth,
            "root_fields": self.names.total(),
            "aliases": self.aliases,
            "repeated_fields": self.repeated,
            "directives": self.directives,
            "fragments": self.fragments,
            "rows": math.ceil(total.rows),
            "values": math.ceil(total.values),
            "bytes": math.ceil(total.bytes),
        }

    @property
    def operations(self) -> int:
        """The number of operations that the rate limits count."""
        return max(1, self.names.total()) + self.extra_operations

    @property
    def shown(self) -> dict[str, int]:
        """`extensions.cost` of the response."""
        figures = self.figures
        return {"operations": self.operations, "rows": figures["rows"], "values": figures["values"]}

    @property
    def is_long(self) -> bool:
        figures = self.figures
        return figures["rows"] > LONG_ROWS or figures["values"] > LONG_VALUES

    def add(self, other: "Cost") -> None:
        """Add the cost of a sibling or of the selection below."""
        self.aliases += other.aliases
        self.directives += other.directives
        self.fragments += other.fragments
        self.repeated += other.repeated
        self.extra_operations += other.extra_operations
        self.once += other.once
        self.per_row += other.per_row


class Measure:
    """Measures the parts of a document with one operation's variables. Each fragment is measured once.

    Unknown or misplaced fragments and variables are accepted, because validation comes later.
    """

    def __init__(self, document: DocumentNode, variables: dict[str, Any]) -> None:
        self.variables = variables
        self.definitions = fragments_of(document)
        self.of_fragments: dict[str, Cost] = {}
        self.depends_on_variables = False
        self.most_levels = limit("depth") + limit("fragments")
        self.schema = graphql_schema()

    def operation(self, node: OperationDefinitionNode) -> Cost:
        cost = self.selections(node.selection_set, self.schema.get_root_type(node.operation), 0)
        cost.directives += len(node.directives)
        return cost

    def fragment(self, name: str, level: int) -> Cost:
        """The cost of a fragment. An unknown fragment and a circular spread cost nothing."""
        if name not in self.of_fragments:
            self.of_fragments[name] = Cost()
            if node := self.definitions.get(name):
                parent = self.schema.type_map.get(node.type_condition.name.value)
                self.of_fragments[name] = self.selections(node.selection_set, parent, level)
                self.of_fragments[name].directives += len(node.directives)
        return self.of_fragments[name]

    def selections(self, selection_set: SelectionSetNode | None, parent: GraphQLNamedType | None, level: int) -> Cost:
        if level > self.most_levels:
            raise too_much("depth", level)
        total, spread = Cost(), set[str]()
        for node in selection_set.selections if selection_set else ():
            total.directives += len(node.directives)
            if isinstance(node, FieldNode):
                self.add_field(total, node, parent, level + 1)
                continue
            total.fragments += 1
            if isinstance(node, InlineFragmentNode):
                condition = node.type_condition
                inner = self.schema.type_map.get(condition.name.value) if condition else parent
                cost = self.selections(node.selection_set, inner, level + 1)
                names = cost.names
            elif isinstance(node, FragmentSpreadNode):
                cost = self.fragment(node.name.value, level + 1)
                names = Counter() if node.name.value in spread else cost.names  # the same fields are merged
                spread.add(node.name.value)
            total.add(cost)
            total.depth = max(total.depth, cost.depth)
            total.repeated -= repeats(cost.names)
            total.names += names
        total.repeated += repeats(total.names)
        return total

    def add_field(self, total: Cost, node: FieldNode, parent: GraphQLNamedType | None, level: int) -> None:
        name, shown = node.name.value, (node.alias or node.name).value
        definition = definition_of(parent, name)
        inner = get_named_type(definition.type) if definition else None
        below = self.selections(node.selection_set, inner, level)
        total.depth = max(total.depth, 1 + below.depth)
        total.names[shown] += 1
        below.aliases += node.alias is not None
        own = Amount(values=1, bytes=len(shown) + A_NAME)
        if definition:
            shape = shape_of(self.schema, parent, name)
            charge(below, own, shape, self.arguments(definition, node) if shape.takes_arguments else {})
        else:
            below.once += own
        total.add(below)

    def arguments(self, definition: GraphQLField, node: FieldNode) -> dict[str, Any]:
        """A field's arguments as its resolver gets them. Invalid ones, refused later, count as the largest page."""
        self.depends_on_variables |= any(has_variable(argument.value) for argument in node.arguments)
        try:
            return get_argument_values(definition, node, self.variables)
        except GraphQLError:
            return {"first": MOST}


def has_variable(value: ValueNode) -> bool:
    """Whether a value is or contains a variable."""
    if isinstance(value, ListValueNode):
        return any(map(has_variable, value.values))
    if isinstance(value, ObjectValueNode):
        return any(has_variable(field.value) for field in value.fields)
    return isinstance(value, VariableNode)


def charge(cost: Cost, own: Amount, shape: Shape, arguments: dict[str, Any]) -> None:
    """Add a field's own cost to the cost of the selection below, multiplied as the field's shape says."""
    given = [
        shape.arguments[name] for name, value in arguments.items() if value is not None and name in shape.arguments
    ]
    times = len(arguments.get(shape.each, ())) if shape.each else 1
    own += shape.own * times + Amount(rows=sum(each.rows or 0 for each in given))
    cost.extra_operations += shape.operations + sum(each.operations for each in given) + max(0, times - 1)
    if shape.is_edges:
        cost.once, cost.per_row = Amount(), own + cost.once + cost.per_row
    elif shape.is_page:
        cost.once, cost.per_row = own + cost.once + cost.per_row * page_size(arguments), Amount()
    else:
        size = shape.size * times
        cost.once, cost.per_row = own + cost.once * size, cost.per_row * size
    cost.once += Amount(rows=max(0, shape.least_rows - cost.once.rows))


def page_size(arguments: dict[str, Any]) -> int:
    """The number of rows that a page's arguments request, read as the resolver reads them; the default if invalid."""
    try:
        page = page_values(**{name: arguments.get(name) for name in PAGE_ARGUMENTS})
    except ValidationError:
        return DEFAULT_SIZE
    size = page.get("page_size", DEFAULT_SIZE)
    return max(0, min(size, MOST)) if isinstance(size, int) else DEFAULT_SIZE


def limit(name: str) -> int:
    """The limit of this name. Without a setting, the limit of values is the size of REST's largest page."""
    most: int | None = settings.GRAPHQL_LIMITS[name]
    return values_of_page(graphql_schema()) if most is None else most


def coerce_variables(operation: OperationDefinitionNode | None, variables: dict[str, Any]) -> dict[str, Any] | None:
    """An operation's variables as its execution gets them; None if they are invalid, which validation reports."""
    definitions = operation.variable_definitions if operation else ()
    coerced = get_variable_values(graphql_schema(), definitions, variables, max_errors=0, hide_suggestions=True)
    return coerced if isinstance(coerced, dict) else None


def repeats(names: Counter[str]) -> int:
    """The number of fields beyond the first of each name. Validation compares fields of the same name in pairs."""
    return names.total() - len(names)


def check(operations: Sequence[Cost], fragments: Sequence[Cost], meant: Cost, *, is_known: bool) -> None:
    """Raise `Refused` where a cost is over its limit.

    Limits on shape apply to every part of the document, limits on `AMOUNTS` to the operation that will be executed.

    Args:
        is_known: whether the variables are known. If not, `AMOUNTS` are not checked.
    """
    of_operations, of_fragments = ([cost.figures for cost in costs] for costs in (operations, fragments))
    for name, figure in meant.figures.items():
        if name not in AMOUNTS:
            parts = of_operations if name == "root_fields" else of_operations + of_fragments
            figure = max((figures[name] for figures in parts), default=0)
        elif not is_known:
            continue
        if figure > limit(name):
            raise too_much(name, figure)


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
LARGEST = 2**31 - 1  # of GraphQL's Int: nested spreads can cost more


def too_much(name: str, figure: int) -> Refused:
    most, figure = limit(name), min(figure, LARGEST)
    message = _("The document has {figure} {words}; the limit is {most}. Request less at once.")
    said = message.format(figure=figure, words=WORDS[name], most=most)
    return Refused(Outcome.TOO_COMPLEX, said, limit=name, most=most, figure=figure)


@dataclass(frozen=True, slots=True)
class Measured:
    """A document within the limits, the operation to execute, and its cost."""

    document: DocumentNode
    operation: OperationDefinitionNode | None  # None: the document has no operation of the requested name
    variables: dict[str, Any] | None  # as its resolvers get them; None: invalid, which validation reports
    cost: Cost

    @property
    def is_query(self) -> bool:
        return self.operation is None or self.operation.operation is OperationType.QUERY


def fragments_of(document: DocumentNode) -> dict[str, FragmentDefinitionNode]:
    """The fragments that a document defines, by name."""
    return {node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)}


def read(query: str, variables: dict[str, Any], operation_name: str | None) -> Measured:
    """Parse and measure a document.

    Args:
        query: the text of the document.
        variables: raw values by name.
        operation_name: the operation to execute; None for the only one.

    Raises:
        Refused: TOO_COMPLEX: over one of GRAPHQL_LIMITS, named in the message. BAD_REQUEST: a number is too long.
        graphql.GraphQLSyntaxError: the text is not a document.
    """
    for name, figure in (("size", len(query)), ("variables", count_values(variables))):
        if figure > limit(name):
            raise too_much(name, figure)
    document = parse_tokens(query)
    operation = get_operation_ast(document, operation_name)
    coerced = coerce_variables(operation, variables)
    cost = fixed_cost(query, operation_name, tuple(settings.GRAPHQL_LIMITS.values()))
    return Measured(document, operation, coerced, cost or measured(document, operation, coerced or {})[0])


def check_whatever_variables(query: str) -> None:
    """Check the limits of a document's operations that do not depend on variables. Raises the errors of `read`."""
    if len(query) > limit("size"):
        raise too_much("size", len(query))
    for node in parse_tokens(query).definitions:
        if isinstance(node, OperationDefinitionNode):
            fixed_cost(query, node.name and node.name.value, tuple(settings.GRAPHQL_LIMITS.values()))


@lru_cache(KEPT)
def fixed_cost(query: str, operation_name: str | None, limits: tuple[int | None, ...]) -> Cost | None:
    """The cost of an operation under these limits; None if it depends on variables. Raises the errors of `read`."""
    document = parse_tokens(query)
    cost, depends_on_variables = measured(document, get_operation_ast(document, operation_name), None)
    return None if depends_on_variables else cost


def measured(
    document: DocumentNode, operation: OperationDefinitionNode | None, variables: dict[str, Any] | None
) -> tuple[Cost, bool]:
    """The cost of an operation, and whether the cost depends on its variables.

    Args:
        variables: as its resolvers get them. None: unknown, so an amount that depends on them is not checked.

    Raises:
        Refused: TOO_COMPLEX.
    """
    measure = Measure(document, variables or {})
    if len(measure.definitions) > limit("fragments"):
        raise too_much("fragments", len(measure.definitions))
    operations = [node for node in document.definitions if isinstance(node, OperationDefinitionNode)]
    costs = [measure.operation(node) for node in operations]
    meant = next((cost for node, cost in zip(operations, costs, strict=True) if node is operation), Cost())
    fragments = [measure.fragment(name, 0) for name in measure.definitions]
    check(costs, fragments, meant, is_known=variables is not None or not measure.depends_on_variables)
    return meant, measure.depends_on_variables


@lru_cache(KEPT)
def parse_tokens(query: str) -> DocumentNode:
    """The syntax tree of a document. Parsing stops at the limit, so the figure of a refusal is the limit plus one.

    Raises the errors of `read`.
    """
    most = limit("tokens")
    try:
        document = parse(query, max_tokens=most)
    except GraphQLSyntaxError as error:
        for words, name in (("contains more than", "tokens"), ("is nested too deeply", "depth")):
            if error.message.startswith(f"Syntax Error: Document {words}"):
                raise too_much(name, limit(name) + 1) from None
        raise
    if document.loc:
        check_numbers(document.loc.start_token)
    return document


def check_numbers(token: Token | None) -> None:
    """Refuse a number too long for Python's `int()`: graphql-core does not handle its ValueError."""
    while token:
        if token.kind in (TokenKind.INT, TokenKind.FLOAT) and len(token.value or "") > MOST_DIGITS:
            raise Refused(Outcome.BAD_REQUEST, _("A number in the document has too many digits. Send a shorter one."))
        token = token.next


def count_values(value: Any) -> int:
    """The number of values in a JSON value, including itself."""
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return 1 + sum(map(count_values, inner))
