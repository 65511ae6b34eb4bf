"""What a document may ask for."""

from graphql import GraphQLError, ValidationRule

TAKES_CREDENTIALS = {"tokenAuth", "changePassword"}


class OneWithCredentials(ValidationRule):
    """At most one operation that takes credentials in a document: guesses are not sent by the dozen."""

    def __init__(self, context):
        super().__init__(context)
        self.seen = 0

    def enter_field(self, node, *_):
        if self.context.get_parent_type() is self.context.schema.mutation_type and node.name.value in TAKES_CREDENTIALS:
            self.seen += 1
            if self.seen == 2:
                names = " or ".join(sorted(TAKES_CREDENTIALS))
                self.report_error(GraphQLError(f"Ask for one {names} in a document, and no second.", node))
