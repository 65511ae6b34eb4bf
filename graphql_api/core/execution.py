"""Execution of documents: checks the caller, limits the bytes of the response, gives way to short requests."""

from typing import Any

from graphql import (
    DocumentNode,
    ExecutionContext,
    ExecutionResult,
    FieldNode,
    GraphQLLeafType,
    GraphQLObjectType,
    GraphQLSchema,
    OperationType,
    default_field_resolver,
    default_type_resolver,
    execute_sync,
    located_error,
)
from graphql.execution.execute import CollectedErrors, assume_not_awaitable
from graphql.pyutils import AwaitableOrValue, Path

from graphql_api.core.context import Context
from graphql_api.core.costs import graphql_schema
from graphql_api.core.limits import fragments_of, limit, too_much
from graphql_api.core.operations import names_of, require_root_field
from graphql_api.core.plans import Caller, Fields, plans_of, size_of, size_of_names
from profiles.core import spans
from profiles.core.metrics import OTHER
from profiles.core.outcomes import Refused
from server.edge.traffic import PATIENCE, traffic


class TooLarge(BaseException):
    """Ends a query with `refused`. A BaseException, because graphql-core continues after an Exception."""

    def __init__(self, refused: Refused) -> None:
        super().__init__()
        self.refused = refused


class Execution(ExecutionContext):
    """Executes a document as REST would execute its operations in separate requests.

    The view authenticates the caller for a mutation's first field. Each later field authenticates again: if an earlier
    one ended the caller's account, session or token, the later one is refused with UNAUTHENTICATED and writes nothing.

    The bytes of the response are counted while it is made, independently of the estimate. A query over the limit ends
    with `TooLarge`. A mutation has already written, so only its fields over the limit are refused.
    """

    is_identified = True
    context_value: Context

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.is_query = self.operation.operation is OperationType.QUERY
        self.most = self.left = limit("bytes")
        self.caller = Caller(self.context_value)
        self.plans = plans_of(self.operation, self.variable_values)
        self._subfields_cache = self.plans.subfields  # graphql-core's cache, shared by executions of this operation

    @classmethod
    def build(  # type: ignore[override]
        cls,
        schema: GraphQLSchema,
        document: DocumentNode,
        root_value: Any,
        context_value: Context,
        *others: Any,
        **more: Any,
    ) -> Any:
        """graphql-core's `build`, which reuses the operation and variables of a measured document."""
        measured = context_value.measured
        if measured is None or measured.operation is None or measured.variables is None:
            return super().build(schema, document, root_value, context_value, *others, **more)
        resolvers = default_field_resolver, default_type_resolver, default_field_resolver
        return cls(
            schema,
            fragments_of(document),
            root_value,
            context_value,
            measured.operation,
            measured.variables,
            *resolvers,
            CollectedErrors(),
            None,
            assume_not_awaitable,
        )

    def execute_fields(
        self, parent_type: GraphQLObjectType, source_value: Any, path: Path | None, fields: Fields
    ) -> AwaitableOrValue[dict[str, Any]]:
        if path and (made := self.planned(parent_type, source_value, fields)) is not None:
            return made
        self.count(size_of_names(fields))
        return super().execute_fields(parent_type, source_value, path, fields)

    def planned(self, kind: GraphQLObjectType, source: Any, fields: Fields) -> dict[str, Any] | None:
        """The object that a plan makes, or None if graphql-core has to execute it."""
        left = self.left
        try:
            plan = self.plans.of_object(kind, fields, self.collect_subfields)
            if plan:
                made = plan(source, self)
                if self.left >= 0:
                    return made
        except Exception:  # noqa: S110  graphql-core executes the object again and reports the error
            pass
        self.left = left
        return None

    def give_way(self) -> None:
        """Called before each object of a list. `LongExecution` waits here."""

    def complete_leaf_value(self, return_type: GraphQLLeafType, result: Any) -> Any:  # type: ignore[override]
        value = super().complete_leaf_value(return_type, result)
        self.count(size_of(value))
        return value

    def count(self, size: int) -> None:
        self.left -= size
        if self.left < 0:
            refused = too_much("bytes", self.most - self.left)
            raise TooLarge(refused) if self.is_query else refused

    def execute_field(
        self, parent_type: GraphQLObjectType, source: Any, field_nodes: list[FieldNode], path: Path
    ) -> AwaitableOrValue[Any]:
        definition = parent_type.fields.get(field_nodes[0].name.value)
        if path.prev is None and definition:  # `__typename` has no definition
            try:
                if self.operation.operation is OperationType.MUTATION:
                    self.identify()
                require_root_field(self.context_value.actor, self.schema, field_nodes[0].name.value)
            except Refused as refused:
                error = located_error(refused, field_nodes, path.as_list())
                self.handle_field_error(error, definition.type, path)
                return None
        if path.prev is None and spans.tracer:
            name = names_of(self.schema).get(field_nodes[0].name.value, OTHER)
            with spans.span(name):
                return super().execute_field(parent_type, source, field_nodes, path)
        return super().execute_field(parent_type, source, field_nodes, path)

    def identify(self) -> None:
        """Authenticate the caller again, except before the first field. Raises `Refused`."""
        if self.is_identified:
            self.is_identified = False
        else:
            self.context_value.identify()


class LongExecution(Execution):
    """Executes a long document. A query waits for the short requests of its process before each object.

    A mutation does not wait, because other requests may wait for the rows it has locked.
    """

    patience = PATIENCE

    def give_way(self) -> None:
        if self.is_query:
            self.patience = traffic.give_way(self.patience)

    def complete_object_value(self, *args: Any) -> AwaitableOrValue[dict[str, Any]]:
        self.give_way()
        return super().complete_object_value(*args)


def execute(document: DocumentNode, **options: Any) -> ExecutionResult:
    """Execute a document. Raises `Refused`: TOO_COMPLEX: the response is too large."""
    try:
        return execute_sync(graphql_schema(), document, **options)
    except TooLarge as ended:
        raise ended.refused from None
