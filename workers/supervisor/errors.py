"""Why a start is refused, each in words for whoever started it."""

from pydantic import ValidationError


class StartRefused(Exception):
    """OneManage cannot start; the message says why and what to do."""


def settings_refused(error: ValidationError) -> StartRefused:
    """Turn what is wrong with the settings into one line each, without values."""
    lines = []
    for problem in error.errors(include_input=False, include_url=False):
        message = problem["msg"].removeprefix("Value error, ")
        name = "ONEMANAGE_" + "_".join(str(part) for part in problem["loc"]).upper()
        lines.append(message if name in message else f"{name}: {message}")
    return StartRefused("\n".join(lines))
