"""Why a start is refused, each in words for whoever started it."""


class StartRefused(Exception):
    """OneManage cannot start; the message says why and what to do."""
