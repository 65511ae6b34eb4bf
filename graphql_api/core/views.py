"""GraphQL over HTTP: authentication and the JSON parser as in REST, and the shape of the response."""

import logging
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from typing import Any

from django.conf import settings
from django.utils.cache import patch_cache_control, patch_vary_headers
from django.utils.translation import gettext as _
from drf_standardized_errors.formatter import flatten_errors
from graphene.utils.str_converters import to_camel_case
from graphql import ExecutionResult, GraphQLError, ValueNode
from rest_framework.exceptions import NotAcceptable, ValidationError
from rest_framework.permissions import AllowAny
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from graphql_api.core import deprecations, limits, persisted
from graphql_api.core.attempts import attempts_of
from graphql_api.core.context import Context
from graphql_api.core.execution import Execution, LongExecution, execute
from graphql_api.core.operations import DOCUMENT, operations_of
from graphql_api.core.parameters import PARAMETERS, Parameters, read_parameters
from graphql_api.core.validation import Invalid, require_valid
from profiles.core.actors import Actor
from profiles.core.metrics import ENDED
from profiles.core.models import Source
from profiles.core.negotiation import Negotiation
from profiles.core.outcomes import INVALID, OK, Outcome, Refused, refusal
from profiles.core.parsers import parse_json, read_query
from profiles.core.renderers import FastJSONRenderer
from profiles.identity.callers import actor_of
from profiles.identity.throttling import Budget, is_counted, require_patience, spend, spend_after_reading
from server.edge.traffic import traffic

logger = logging.getLogger(__name__)

SAID_BY_STATUS = {Outcome.UNAVAILABLE, Outcome.METHOD_NOT_ALLOWED}  # for either media type
SUGGESTION = re.compile(r" Did you mean .*\?\Z", re.DOTALL)


class AnyTextRenderer(FastJSONRenderer):
    """JSON of any text. An error may quote a lone surrogate of its document, which UTF-8 cannot encode."""

    ensure_ascii = True  # for text that orjson refuses


class GraphQLRenderer(AnyTextRenderer):
    """The same for GraphQL's own media type, whose clients read errors from the HTTP status too."""

    media_type = "application/graphql-response+json"


class ByPreference(Negotiation):
    """Uses the weights of `Accept` (RFC 9110, section 12.5.1), which REST framework's own negotiation ignores."""

    def choose(self, request: Request, renderers: list[BaseRenderer]) -> tuple[BaseRenderer, str]:
        chosen = request.get_preferred_type([renderer.media_type for renderer in renderers])
        if chosen is None:
            raise NotAcceptable(available_renderers=renderers)
        return next((renderer, chosen) for renderer in renderers if renderer.media_type == chosen)


class GraphQLView(APIView):
    """`/graphql/`: queries by GET and POST, mutations by POST.

    A bad token is refused before anything is executed. Resolvers check permissions.
    """

    permission_classes = (AllowAny,)
    renderer_classes = (AnyTextRenderer, GraphQLRenderer)
    content_negotiation_class = ByPreference
    actor = Actor()  # anonymous until the caller is authenticated
    measured: limits.Measured | None = None  # None until the document is read
    context: Context | None = None  # None until the document is executed
    schema = None  # not in OpenAPI: schema.graphql describes the responses

    def get(self, request: Request) -> Response:
        given = {name: text for name, text in read_query(request.query_params).items() if text}
        return self.answer({n: parse_json(text) if PARAMETERS.get(n) is dict else text for n, text in given.items()})

    def post(self, request: Request) -> Response:
        return self.answer(request.data)

    def options(self, request: Request, *args: Any, **kwargs: Any) -> Response:  # type: ignore[override]
        spend(request, self.actor, Budget.READS)
        return super().options(request, *args, **kwargs)

    def check_throttles(self, request: Request) -> None:
        """Refuse callers with too many recent refusals. Operations are counted later, when the document is read."""
        self.actor = actor_of(request)
        require_patience(request, self.actor)

    def handle_exception(self, exc: Exception) -> Response:
        return super().handle_exception(self.counted(exc))

    def counted(self, error: Exception) -> Exception:
        """Count an error as one read, if its document was not counted. Returns the error, or THROTTLED."""
        if not is_counted(self.request):
            try:
                spend_after_reading(self.request, self.actor, Budget.READS)
            except Refused as refused:
                return refused
        return error

    def get_exception_handler(self) -> Callable[..., Response]:
        return exception_handler

    def answer(self, sent: Any) -> Response:
        """The response to a request's parameters (GraphQL over HTTP, section 5.1)."""
        parameters = read_parameters(sent)
        try:
            result = self.run(parameters)
        except Invalid as invalid:
            result = ExecutionResult(errors=invalid.errors)
        except (GraphQLError, Refused) as error:
            result = ExecutionResult(errors=[as_graphql_error(self.counted(error))])
        return self.response_of(result)

    def run(self, parameters: Parameters) -> ExecutionResult:
        """Find, read, count, validate and execute a document. An error in one step skips the later ones.

        Raises:
            Refused, GraphQLError: the document cannot be found or read, or is over a limit.
            Invalid: the document is not valid for the schema.
        """
        text = self.find(parameters)
        measured = self.read(text, parameters)
        self.measured = measured
        self.count(measured)
        with traffic.long_one() if measured.cost.is_long else nullcontext():
            self.validate(text)
            if deprecations.TABLE:
                deprecations.count_uses(measured, text, parameters.variables)
            if parameters.query and parameters.digest:
                persisted.keep(parameters.digest, text)
            if settings.GRAPHQL_DOCUMENTS == "report":
                persisted.report(text, measured)
            return self.execute(measured, parameters)

    def find(self, parameters: Parameters) -> str:
        """The document's text. Raises `Refused`: it is unknown, or GRAPHQL_DOCUMENTS requires its registration."""
        if not parameters.query:
            return persisted.find(parameters.digest, parameters.document_id)
        if settings.GRAPHQL_DOCUMENTS == "registered":
            persisted.require_registered(parameters.query)
        return parameters.query

    def read(self, text: str, parameters: Parameters) -> limits.Measured:
        with graphql_core():
            measured = limits.read(text, parameters.variables or {}, parameters.operation_name)
        if not measured.is_query and self.request.method != "POST":
            raise Refused(Outcome.METHOD_NOT_ALLOWED, _("GET is for queries. Send this by POST."))
        return measured

    def count(self, measured: limits.Measured) -> None:
        """Count a document's operations, and a mutation's attempts. Raises `Refused`: THROTTLED."""
        budget = Budget.READS if measured.is_query else Budget.WRITES
        attempts = () if measured.is_query else attempts_of(self.request, self.actor, measured)
        spend_after_reading(self.request, self.actor, budget, measured.cost.operations, attempts)

    def validate(self, text: str) -> None:
        with graphql_core():
            require_valid(text, shows_schema=self.shows_schema)

    def execute(self, measured: limits.Measured, parameters: Parameters) -> ExecutionResult:
        self.context = Context(self.request, self.actor, measured)
        result = execute(
            measured.document,
            context_value=self.context,
            variable_values=parameters.variables,
            operation_name=parameters.operation_name,
            execution_context_class=LongExecution if measured.cost.is_long else Execution,
        )
        result.extensions = {"cost": measured.cost.shown}
        return result

    @property
    def shows_schema(self) -> bool:
        """Whether this caller may introspect the schema, and gets suggestions of its names."""
        who = settings.GRAPHQL_INTROSPECTION
        return who == "everybody" or (who == "members" and not self.actor.is_anonymous)

    def response_of(self, result: ExecutionResult) -> Response:
        """The response with an execution's result, or with the errors that prevented the execution."""
        errors = result.errors or []
        refusals = [refused_by(error) for error in errors]
        self.request.META[ENDED] = lambda: self.ended(errors, refusals)
        body: dict[str, Any] = {}
        if errors:
            body["errors"] = [self.error_of(*each) for each in zip(errors, refusals, strict=True)]
        executed = all(error.path for error in errors)
        if executed:
            body["data"] = result.data
        if result.extensions:
            body["extensions"] = result.extensions
        return Response(body, **self.http_of(refusals, executed))

    def ended(self, errors: list[GraphQLError], refusals: list[Refused]) -> list[tuple[str, str, str]]:
        """The metric labels of each operation. An operation's outcome is its error of the highest status; an error
        without a path applies to each operation."""
        operations = operations_of(self.measured) if self.measured else {}
        outcomes = dict.fromkeys(self.context.invalid, INVALID) if self.context else {}
        for error, refused in sorted(zip(errors, refusals, strict=True), key=lambda each: each[1].outcome.status):
            for key in [str(error.path[0])] if error.path else operations:
                outcomes[key] = refused.outcome.code
        if not operations:
            return [(DOCUMENT, Source.GRAPHQL, refusals[-1].outcome.code if refusals else OK)]
        return [(name, Source.GRAPHQL, outcomes.get(key, OK)) for key, name in operations.items()]

    def error_of(self, error: GraphQLError, refused: Refused) -> dict[str, Any]:
        shown = {**error.formatted, **formatted(refused)}
        if not self.shows_schema:
            shown["message"] = SUGGESTION.sub("", shown["message"])
        return shown

    def http_of(self, refusals: list[Refused], executed: bool) -> dict[str, Any]:
        """The status and headers of a response.

        A client that accepts plain JSON reads errors only under status 200. For GraphQL's own media type, the status
        tells that nothing was executed (GraphQL over HTTP, sections 6.4.1 and 6.4.2).
        """
        of_http = next((refused for refused in refusals if refused.outcome in SAID_BY_STATUS), None)
        said = of_http or (refusals[0] if refusals and not executed else None)
        by_status = of_http or self.request.accepted_renderer.media_type == GraphQLRenderer.media_type
        return {"status": said.outcome.status if said and by_status else 200, "headers": said and said.headers}

    def finalize_response(self, request: Request, response: Response, *args: Any, **kwargs: Any) -> Response:
        """Forbid caching, because the response depends on the caller and on `Accept`."""
        patch_vary_headers(response, ["Accept", "Authorization"])
        patch_cache_control(response, private=True, no_store=True)
        return super().finalize_response(request, response, *args, **kwargs)


@contextmanager
def graphql_core() -> Iterator[None]:
    """A context for graphql-core's parsing and validation, in which none of our resolvers run.

    Raises:
        Refused: BAD_REQUEST: graphql-core raised an undocumented exception, which is logged.
    """
    try:
        yield
    except (GraphQLError, Refused, Invalid):
        raise
    except Exception:
        logger.exception("graphql-core could not read a document")
        raise Refused(Outcome.BAD_REQUEST) from None


def as_graphql_error(error: Exception) -> GraphQLError:
    return error if isinstance(error, GraphQLError) else GraphQLError(refusal(error).message, original_error=error)


def refused_by(error: GraphQLError) -> Refused:
    """The refusal that a GraphQLError stands for: BAD_REQUEST for graphql-core's own errors about the document."""
    cause: Exception = error
    while isinstance(cause, GraphQLError) and cause.original_error:
        cause = cause.original_error
    if isinstance(cause, GraphQLError) and (error.path is None or is_of_argument(cause)):
        return Refused(Outcome.BAD_REQUEST, error.message)
    if isinstance(cause, ValidationError):  # of a query's arguments: a mutation returns them in its payload
        return Refused(Outcome.BAD_REQUEST, " ".join(flat.detail for flat in flatten_errors(cause.detail)))
    return refusal(cause)


def is_of_argument(error: GraphQLError) -> bool:
    """Whether graphql-core refuses an argument's value, at any depth. An error about a result has no value node."""
    return any(isinstance(node, ValueNode) for node in error.nodes or ())


def formatted(refused: Refused) -> dict[str, Any]:
    details = {to_camel_case(name): value for name, value in refused.details.items()}
    return {"message": refused.message, "extensions": {"code": refused.outcome.code, **details}}


def exception_handler(exception: Exception, context: Any) -> Response:
    """REST framework's hook for errors raised before a document is read. Responds in GraphQL's shape."""
    refused = refusal(exception)
    context["request"].META[ENDED] = lambda: [(DOCUMENT, Source.GRAPHQL, refused.outcome.code)]
    return Response({"errors": [formatted(refused)]}, status=refused.outcome.status, headers=refused.headers)
