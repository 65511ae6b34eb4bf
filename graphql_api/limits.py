"""What a document may cost: measured in one pass over its syntax tree, before anything else reads it."""

from collections import Counter
from dataclasses import dataclass, field
from functools import lru_cache

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import pgettext_lazy as pgettext
from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    GraphQLSyntaxError,
    IntValueNode,
    OperationDefinitionNode,
    ValidationRule,
    VariableNode,
    get_named_type,
    get_nullable_type,
    get_operation_ast,
    is_list_type,
    parse,
)

from graphql_api.schema import schema
from profiles.outcomes import Outcome, Refused
from profiles.pages import DEFAULT_SIZE, MOST

TYPES = schema.graphql_schema.type_map
AS_MANY_ROWS = {"totalCount": 50, "export": 20, "search": 50, "__schema": 150, "__type": 150}
"""What takes as long as reading so many rows: fields, and an argument."""
A_PAGE = 50  # rows that the page's own statement is worth
ONE_ROW = {"Profile", "Node"}  # types that stand for a row of their own
KEPT = 64  # documents that were read last: clients send the same ones, with other variables
TAKES_CREDENTIALS = {"tokenAuth", "changePassword", "createProfile"}


@dataclass(slots=True)
class Cost:
    """What a selection set amounts to, with each fragment in its places.

    `paged` is what there is for each row of the page that it is of.
    """

    depth: int = 0
    aliases: int = 0
    directives: int = 0
    fragments: int = 0
    rows: int = 0
    values: int = 0
    paged: tuple[int, int] = (0, 0)  # rows and values
    repeated: int = 0
    names: Counter = field(default_factory=Counter)  # of the answer's fields on this level

    @property
    def root_fields(self):
        return self.names.total()

    @property
    def shown(self):
        """What an answer says of it."""
        return {"operations": self.root_fields, "rows": self.total_rows, "values": self.total_values}

    @property
    def total_rows(self):
        return self.rows + self.paged[0]

    @property
    def total_values(self):
        return self.values + self.paged[1]

    def add(self, other):
        """Beside what there is already: on the same level, or below it."""
        self.aliases += other.aliases
        self.directives += other.directives
        self.fragments += other.fragments
        self.rows += other.rows
        self.values += other.values
        self.repeated += other.repeated
        self.paged = (self.paged[0] + other.paged[0], self.paged[1] + other.paged[1])

    def add_page(self, page, size):
        """A page of so many rows."""
        rows, values = page.paged
        page.paged = (0, 0)
        self.add(page)
        self.rows += A_PAGE + size * rows
        self.values += size * values

    def add_each(self, row):
        """What each row of the page has."""
        rows, values = row.rows + row.paged[0], row.values + row.paged[1]
        row.rows, row.values, row.paged = 0, 0, (rows, values)
        self.add(row)


class Measure:
    """The costs of a document's parts. Those of a fragment are found once, however often it is spread."""

    def __init__(self, document, variables):
        self.variables = variables
        self.definitions = {n.name.value: n for n in document.definitions if isinstance(n, FragmentDefinitionNode)}
        self.of_fragments = {}
        self.defaults = default_numbers(document)
        self.most_levels = settings.GRAPHQL_LIMITS["depth"] + settings.GRAPHQL_LIMITS["fragments"]

    def operation(self, node):
        cost = self.selections(node.selection_set, schema.graphql_schema.get_root_type(node.operation), 0)
        cost.directives += len(node.directives)
        return cost

    def fragment(self, name, level):
        """A circular one is found within itself as nothing, and an unknown one too: validation refuses them."""
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
        name = node.name.value
        definition = getattr(parent, "fields", {}).get(name)
        named = definition and get_named_type(definition.type)
        below = self.selections(node.selection_set, named, level)
        arguments = {each.name.value: each.value for each in node.arguments}
        total.depth = max(total.depth, 1 + below.depth)
        below.aliases += node.alias is not None
        below.values += 1
        given = [name, *(each for each, value in arguments.items() if self.is_given(value))]
        below.rows += sum(AS_MANY_ROWS.get(each, 0) for each in given)
        total.names[(node.alias or node.name).value] += 1
        many = definition and is_list_type(get_nullable_type(definition.type))
        if many and parent.name.endswith("Connection"):
            below.rows += 1
            total.add_each(below)
        elif definition and "first" in definition.args:
            total.add_page(below, self.page_size(arguments))
        elif many and named.name in ONE_ROW:
            row = Cost()
            row.add_each(below)
            row.paged = (row.paged[0] + 1, row.paged[1])
            total.add_page(row, MOST)
        else:
            below.rows += bool(named) and named.name in ONE_ROW and not parent.name.endswith("Edge")
            total.add(below)

    def is_given(self, node):
        """Whether an argument has a value: a variable may be left out."""
        return not isinstance(node, VariableNode) or self.variables.get(node.name.value) is not None

    def page_size(self, arguments):
        """How many rows `first` or `last` asks for, at the most as many as there are on a page."""
        node = arguments.get("first") or arguments.get("last")
        size = None
        if isinstance(node, VariableNode):
            size = self.variables.get(node.name.value, self.defaults.get(node.name.value))
        elif isinstance(node, IntValueNode):
            size = number(node)
        return max(0, min(size, MOST)) if type(size) is int else DEFAULT_SIZE


def default_numbers(document):
    """The variables' defaults that are numbers: of several operations', the greatest."""
    defaults = {}
    for node in document.definitions:
        for each in getattr(node, "variable_definitions", None) or ():
            if isinstance(each.default_value, IntValueNode):
                name = each.variable.name.value
                defaults[name] = max(number(each.default_value), defaults.get(name, 0))
    return defaults


def number(node):
    """The value of a number's node, or as much as there can be of a page."""
    return int(node.value) if len(node.value) < 10 else MOST


def repeats(names):
    """How many fields stand where another of their name stands already: each is compared with each."""
    return names.total() - len(names)


def check(operations, fragments):
    """Raise `Refused` where one of these costs is over a limit."""
    for name, figure_of in FIGURES.items():
        costs = operations if name == "root_fields" else [*operations, *fragments]
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
}


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
}
LARGEST = 2**31 - 1  # of GraphQL's Int: spreads of spreads soon come to more


def too_much(name, figure):
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


def read(query, variables, operation_name):
    """The document of this text, within the limits.

    Args:
        query: its text.
        variables: by name, as they came.
        operation_name: which of its operations is meant; None for the only one.

    Raises:
        Refused: TOO_COMPLEX: over one of GRAPHQL_LIMITS; it says which.
        graphql.GraphQLSyntaxError: it is no document.
    """
    for name, figure in (("size", len(query)), ("variables", count_values(variables))):
        if figure > settings.GRAPHQL_LIMITS[name]:
            raise too_much(name, figure)
    document = parse_tokens(query)
    measure = Measure(document, variables)
    if len(measure.definitions) > settings.GRAPHQL_LIMITS["fragments"]:
        raise too_much("fragments", len(measure.definitions))
    operations = [node for node in document.definitions if isinstance(node, OperationDefinitionNode)]
    costs = [measure.operation(node) for node in operations]
    check(costs, [measure.fragment(name, 0) for name in measure.definitions])
    operation = get_operation_ast(document, operation_name)
    cost = next((cost for node, cost in zip(operations, costs, strict=True) if node is operation), Cost())
    return Measured(document, operation, cost)


@lru_cache(KEPT)
def parse_tokens(query):
    """The syntax tree. It ends at the limit, so a refusal's figure is the first one too many."""
    most = settings.GRAPHQL_LIMITS["tokens"]
    try:
        return parse(query, max_tokens=most)
    except GraphQLSyntaxError as error:
        for words, name in (("contains more than", "tokens"), ("is nested too deeply", "depth")):
            if error.message.startswith(f"Syntax Error: Document {words}"):
                raise too_much(name, settings.GRAPHQL_LIMITS[name] + 1) from None
        raise


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
