"""How a document is executed: the caller of a mutation is identified before each of its fields."""

from graphql import ExecutionContext, OperationType, located_error

from profiles.outcomes import Refused


class Execution(ExecutionContext):
    """Executes a document, as REST would execute the same operations in as many requests.

    The view has identified the caller for a mutation's first field. Each later one is a request of its own: where an
    earlier one ended the caller's account, session or token, it is refused with UNAUTHENTICATED and does nothing.
    """

    is_identified = True

    def execute_field(self, parent_type, source, field_nodes, path):
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

    def identify(self):
        """Identify the caller anew, unless nothing has been executed since it was. Raises `Refused`."""
        request, was_identified = self.context_value, self.is_identified
        self.is_identified = False
        if was_identified or request.successful_authenticator is None:  # anonymous: no header, nothing to end
            return
        request.user, request.auth = request.successful_authenticator.authenticate(request)
