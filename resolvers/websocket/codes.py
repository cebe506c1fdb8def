"""The codes by which a server ends a connection of graphql-transport-ws."""

from enum import IntEnum


class CloseCode(IntEnum):
    """Why the server ends a connection; a client comes back after 1012 and 1013."""

    GOING_DOWN = 1012
    TRY_AGAIN_LATER = 1013
    BAD_MESSAGE = 4400
    UNAUTHORIZED = 4401
    FORBIDDEN = 4403
    SUBPROTOCOL = 4406
    INIT_TIMEOUT = 4408
    ID_IN_USE = 4409
    TOO_MANY_INITS = 4429
