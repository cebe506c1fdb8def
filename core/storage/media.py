"""How a browser is told to treat what it downloads."""

from typing import Final
from urllib.parse import quote

# A browser shows these without running anything that they hold.
SAFE_INLINE: Final = frozenset(
    {
        "image/avif",
        "image/gif",
        "image/jpeg",
        "image/png",
        "image/webp",
        "text/csv",
        "text/plain",
    }
)


def disposition_type(content_type: str, inline: bool) -> str:
    """Return ``inline`` where that is asked for and safe, else ``attachment``."""
    essence = content_type.partition(";")[0].strip().lower()
    return "inline" if inline and essence in SAFE_INLINE else "attachment"


def content_disposition(disposition: str, filename: str | None) -> str:
    """Make a Content-Disposition value (RFC 6266) that keeps any script's letters."""
    if filename is None:
        return disposition
    return f"{disposition}; filename*=UTF-8''{quote(filename, safe='')}"
