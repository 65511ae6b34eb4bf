"""How documents are executed: by whom, within how many bytes, and giving way to short requests."""

import json
from json.encoder import encode_basestring_ascii
from typing import Any

from graphql import (
    DocumentNode,
    ExecutionContext,
    ExecutionResult,
    FieldNode,
    GraphQLLeafType,
    GraphQLObjectType,
    OperationType,
    execute_sync,
    located_error,
)
from graphql.pyutils import AwaitableOrValue, Path

from graphql_api.core.context import Context
from graphql_api.core.costs import A_NAME, graphql_schema
from graphql_api.core.leaves import Leaf, leaves_of
from graphql_api.core.limits import limit, too_much
from profiles.core.outcomes import Refused
from server.edge.traffic import PATIENCE, traffic

A_NUMBER = 5  # bytes: a number, true or false
FRAME = 32_768  # slots of 8 bytes: more than the frames of an execution take together


class TooLarge(BaseException):
    """Ends the execution of a query with `refused`: graphql-core goes on after any other exception."""

    def __init__(self, refused: Refused) -> None:
        super().__init__()
        self.refused = refused


class Execution(ExecutionContext):
    """Executes a document, as REST would execute the same operations in as many requests.

    The view has identified the caller for a mutation's first field. Each later one is checked like a new request: where
    an earlier one ended the caller's account, session or token, it is refused with UNAUTHENTICATED and does nothing.

    The bytes of the response are counted while it is made, whatever was estimated. Beyond the limit a query ends as a
    whole, by `TooLarge`; in a mutation, which has written, the fields beyond it are refused.
    """

    is_identified = True
    context_value: Context

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.is_query = self.operation.operation is OperationType.QUERY
        self.most = self.left = limit("bytes")
        self.plans: dict[int, tuple[Any, list[Leaf] | None]] = {}  # by the identity of what is selected

    def execute_fields(
        self, parent_type: GraphQLObjectType, source_value: Any, path: Path | None, fields: dict[str, list[FieldNode]]
    ) -> AwaitableOrValue[dict[str, Any]]:
        self.count(sum(map(len, fields)) + A_NAME * len(fields))
        if id(fields) not in self.plans:
            self.plans[id(fields)] = fields, leaves_of(parent_type, fields)
        if leaves := self.plans[id(fields)][1]:
            left = self.left
            try:
                return self.read(leaves, source_value)
            except Exception:
                self.left = left
        return super().execute_fields(parent_type, source_value, path, fields)

    def read(self, leaves: list[Leaf], source: Any) -> dict[str, Any]:
        """An object of plain leaves. Raises what graphql-core would make an error of a field of."""
        values = {}
        for leaf in leaves:
            value = values[leaf.name] = leaf.value(source)
            for each in value if leaf.is_list and value else (value,):
                self.count(size_of(each))
        return values

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
        is_root = path.prev is None and self.operation.operation is OperationType.MUTATION
        definition = parent_type.fields.get(field_nodes[0].name.value)
        if is_root and definition:  # `__typename` has no definition
            try:
                self.identify()
            except Refused as refused:
                error = located_error(refused, field_nodes, path.as_list())
                self.handle_field_error(error, definition.type, path)
                return None
        return super().execute_field(parent_type, source, field_nodes, path)

    def identify(self) -> None:
        """Identify the caller anew, unless nothing has been executed since it was. Raises `Refused`."""
        if self.is_identified:
            self.is_identified = False
        else:
            self.context_value.identify()


def size_of(value: Any) -> int:
    """How many bytes a leaf takes in a response."""
    if isinstance(value, str):
        return len(encode_basestring_ascii(value))
    return len(json.dumps(value)) if isinstance(value, dict | list) else A_NUMBER


class LongExecution(Execution):
    """Executes a long document: before each object of a query it gives way to the short requests of its process.

    A mutation does not: others may wait for the rows that it has locked.
    """

    patience = PATIENCE

    def complete_object_value(self, *args: Any) -> AwaitableOrValue[dict[str, Any]]:
        if self.is_query:
            self.patience = traffic.give_way(self.patience)
        return super().complete_object_value(*args)


def execute(document: DocumentNode, **options: Any) -> ExecutionResult:
    """The ExecutionResult of a document. Raises `Refused`: TOO_COMPLEX: its response is too large.

    CPython keeps its frames in chunks of 16 KB, which it maps whenever a call crosses the end of one, and unmaps when
    it returns. Where each field of an execution does so, it takes twice as long. This function's frame is so large that
    CPython makes a chunk that all of them fit in.
    """
    try:
        return execute_sync(graphql_schema(), document, **options)
    except TooLarge as ended:
        raise ended.refused from None


execute.__code__ = execute.__code__.replace(co_stacksize=FRAME)
