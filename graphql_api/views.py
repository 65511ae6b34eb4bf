"""GraphQL over HTTP: the same authentication and the same JSON reader as REST's, and the answer's shape."""

from drf_standardized_errors.formatter import flatten_errors
from graphene.utils.str_converters import to_camel_case
from graphql import (
    ExecutionResult,
    GraphQLError,
    OperationType,
    execute_sync,
    get_operation_ast,
    parse,
    specified_rules,
    validate,
)
from rest_framework.exceptions import ValidationError
from rest_framework.permissions import AllowAny
from rest_framework.renderers import JSONRenderer
from rest_framework.response import Response
from rest_framework.views import APIView

from graphql_api.limits import OneWithCredentials
from graphql_api.schema import schema
from profiles.outcomes import Outcome, Refused, refusal
from profiles.parsers import parse_json


class ASCIIRenderer(JSONRenderer):
    """JSON in ASCII: an error may quote a document's lone surrogate, which UTF-8 has no bytes for."""

    ensure_ascii = True


class GraphQLView(APIView):
    """`/graphql/`: queries by GET and POST, mutations by POST.

    A bad token is refused before anything is executed. Who may do what is for the resolvers to ask.
    """

    permission_classes = (AllowAny,)
    renderer_classes = (ASCIIRenderer,)

    def get(self, request):
        parameters = {name: request.query_params.get(name) for name in ("query", "variables", "operationName")}
        if parameters["variables"]:
            parameters["variables"] = parse_json(parameters["variables"])
        return self.answer(parameters)

    def post(self, request):
        return self.answer(request.data)

    def get_exception_handler(self):
        return exception_handler

    def answer(self, parameters):
        """The response to a request's parameters (GraphQL over HTTP, section 5.1)."""
        query, variables, operation_name = checked(parameters)
        try:
            result = self.run(query, variables, operation_name)
        except GraphQLError as error:
            result = ExecutionResult(errors=[error])
        except RecursionError:
            raise Refused(Outcome.BAD_REQUEST, "The document is nested too deeply.") from None
        return response_of(result)

    def run(self, query, variables, operation_name):
        document = parse(query)
        errors = validate(schema.graphql_schema, document, [*specified_rules, OneWithCredentials])
        if errors:
            return ExecutionResult(errors=errors)
        operation = get_operation_ast(document, operation_name)
        if self.request.method != "POST" and operation and operation.operation is not OperationType.QUERY:
            raise Refused(Outcome.METHOD_NOT_ALLOWED, "Only a query can be sent by GET: send this by POST.")
        return execute_sync(
            schema.graphql_schema,
            document,
            context_value=self.request,
            variable_values=variables,
            operation_name=operation_name,
        )


def checked(parameters):
    """The query, its variables and the operation's name. Raises `Refused`: they are not of their types."""
    if not isinstance(parameters, dict):
        raise Refused(Outcome.BAD_REQUEST, "Send one JSON object with the query; batches are not taken.")
    query, variables, name = (parameters.get(key) for key in ("query", "variables", "operationName"))
    if not query or not isinstance(query, str):
        raise Refused(Outcome.BAD_REQUEST, "Give the document as a string in 'query'.")
    if not isinstance(variables, dict | None):
        raise Refused(Outcome.BAD_REQUEST, "Give 'variables' as an object.")
    if not isinstance(name, str | None):
        raise Refused(Outcome.BAD_REQUEST, "Give 'operationName' as a string.")
    return query, variables, name


def response_of(result):
    """The response that carries an execution's result, or the errors that came before it."""
    refusals = [refused_by(error) for error in result.errors or ()]
    body = {}
    if refusals:
        body["errors"] = [{**error.formatted, **formatted(r)} for error, r in zip(result.errors, refusals, strict=True)]
    if all(error.path for error in result.errors or ()):
        body["data"] = result.data
    away = next((refused for refused in refusals if refused.outcome is Outcome.UNAVAILABLE), None)
    headers = {"Cache-Control": "no-store", **(away.headers if away else {})}
    return Response(body, status=away.outcome.status if away else 200, headers=headers)


def refused_by(error):
    """The outcome that a GraphQLError stands for: the resolver's own, or that the document is wrong."""
    cause = error.original_error or error
    if error.path is None and isinstance(cause, GraphQLError):
        return Refused(Outcome.BAD_REQUEST, error.message)
    if isinstance(cause, ValidationError):  # of a query's arguments: a mutation has a payload for them
        return Refused(Outcome.BAD_REQUEST, " ".join(flat.detail for flat in flatten_errors(cause.detail)))
    return refusal(cause)


def formatted(refused):
    details = {to_camel_case(name): value for name, value in refused.details.items()}
    return {"message": refused.message, "extensions": {"code": refused.outcome.code, **details}}


def exception_handler(exception, context):
    """REST framework's hook, for what goes wrong before a document is read: in GraphQL's shape."""
    refused = refusal(exception)
    return Response({"errors": [formatted(refused)]}, status=refused.outcome.status, headers=refused.headers)
