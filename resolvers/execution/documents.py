"""Documents, each parsed, measured and validated once for all who send it."""

from typing import Final

from graphql import (
    DocumentNode,
    FragmentDefinitionNode,
    GraphQLError,
    GraphQLSchema,
    OperationDefinitionNode,
    OperationType,
    parse,
    specified_rules,
    validate,
)
from strawberry.schema.validation_rules.maybe_null import MaybeNullValidationRule
from strawberry.schema.validation_rules.one_of import OneOfInputValidationRule

from core.errors import AppError, ErrorCode
from resolvers.execution.limits import MAX_TOKENS, check_shape, check_size
from resolvers.execution.lru import LruCache
from resolvers.execution.operation import Operation
from resolvers.execution.request import KindRefused, OperationRequest, Refused
from resolvers.root import schema as root_schema

RULES: Final = (*specified_rules, MaybeNullValidationRule, OneOfInputValidationRule)
ANY_KIND: Final = frozenset(OperationType)
MAX_VALIDATION_ERRORS: Final = 20
MAX_DOCUMENTS: Final = 1000
MAX_DOCUMENTS_BYTES: Final = 64 * 1024 * 1024
MAX_REFUSALS: Final = 200
MAX_REFUSALS_BYTES: Final = 4 * 1024 * 1024
# What a token's nodes take beside the text itself, measured.
TOKEN_BYTES: Final = 600
MAX_SHOWN_NAME: Final = 100


class ParsedDocument:
    """A valid document's operations; `size` is about what it takes, in bytes."""

    def __init__(self, schema: GraphQLSchema, text: str, node: DocumentNode) -> None:
        self.text = text
        self.node = node
        self.size = len(text) + TOKEN_BYTES * (node.token_count or 0)
        fragments = {
            one.name.value: one
            for one in node.definitions
            if isinstance(one, FragmentDefinitionNode)
        }
        self._operations = {
            one.name.value if one.name else None: Operation(schema, one, fragments)
            for one in node.definitions
            if isinstance(one, OperationDefinitionNode)
        }

    def operation(self, name: str | None) -> Operation:
        """Find the operation that a request means."""
        if not self._operations:
            raise _refused("The document holds no operation, only fragments.")
        if not name:
            if len(self._operations) > 1:
                raise _refused(
                    "The document holds several operations: "
                    "say which in operationName."
                )
            return next(iter(self._operations.values()))
        if name not in self._operations:
            raise _refused(
                f"The document has no operation named {name[:MAX_SHOWN_NAME]!r}."
            )
        return self._operations[name]


class Prepared:
    """A request that may run, as often as it is wanted (each event of a subscription).

    A subscription keeps it: of what a client sent, nothing is in it but what is needed.
    """

    def __init__(
        self, schema: GraphQLSchema, document: ParsedDocument, request: OperationRequest
    ) -> None:
        chosen = document.operation(request.operation_name)
        self.schema = schema
        self.parsed = document
        self.document = document.node
        self.chosen = chosen
        self.operation = chosen.node
        self.kind = chosen.kind
        self.text = document.text
        self.operation_name = chosen.node.name.value if chosen.node.name else None
        self.variables = chosen.declared_of(request.variables or {})
        is_kept = chosen.kind is OperationType.SUBSCRIPTION
        self.extensions = None if is_kept else request.extensions
        self.values = chosen.coerce(self.variables)
        self.fields = chosen.fields(self.values)


class Documents:
    """The documents of one schema."""

    def __init__(self, schema: GraphQLSchema) -> None:
        self._schema = schema
        self.valid: LruCache[str, ParsedDocument] = LruCache(
            MAX_DOCUMENTS, MAX_DOCUMENTS_BYTES
        )
        self.refused: LruCache[str, list[GraphQLError]] = LruCache(
            MAX_REFUSALS, MAX_REFUSALS_BYTES
        )

    def prepare(
        self, request: OperationRequest, kinds: frozenset[OperationType] = ANY_KIND
    ) -> Prepared:
        """Make a request ready to run; raise Refused for what shall never reach a resolver.

        KindRefused where its operation is not of one of these kinds.
        """
        try:
            document = self._document(request.query)
            chosen = document.operation(request.operation_name)
            if chosen.kind not in kinds:
                raise KindRefused(chosen.kind)
            return Prepared(self._schema, document, request)
        except AppError as error:
            raise Refused([_as_graphql(error)]) from None

    def _document(self, text: str) -> ParsedDocument:
        found = self.valid.get(text)
        if found is not None:
            return found
        refused = self.refused.get(text)
        if refused is None:
            read = self._read(text)
            if isinstance(read, ParsedDocument):
                self.valid.put(text, read, read.size)
                return read
            refused = read
            self.refused.put(text, refused, len(text) * len(refused))
        raise Refused(refused)

    def _read(self, text: str) -> ParsedDocument | list[GraphQLError]:
        try:
            check_size(text)
            if not text:
                raise _refused("The query is missing: send a GraphQL document.")
            node = parse(text, max_tokens=MAX_TOKENS)
            check_shape(node)
        except (AppError, GraphQLError) as error:
            return [_as_graphql(error)]
        except RecursionError:
            return [GraphQLError("The document is nested too deeply.")]
        errors = validate(self._schema, node, RULES, MAX_VALIDATION_ERRORS)
        return [_plain(one) for one in errors] or ParsedDocument(
            self._schema, text, node
        )


def _refused(message: str) -> AppError:
    return AppError(ErrorCode.BAD_USER_INPUT, message)


def _as_graphql(error: AppError | GraphQLError) -> GraphQLError:
    if isinstance(error, AppError):
        return GraphQLError(error.message, original_error=error)
    return _plain(error)


def _plain(error: GraphQLError) -> GraphQLError:
    """Return an error to be kept: without the frames and nodes that led to it."""
    return GraphQLError(error.message, positions=error.positions, source=error.source)


DOCUMENTS: Final = Documents(root_schema._schema)
prepare: Final = DOCUMENTS.prepare
