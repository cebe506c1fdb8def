"""Strings from files, made fit for JSON and a database."""


def clean(text: str) -> str:
    """Drop NUL characters and replace halves of characters that miss the other."""
    packed = text.replace("\0", "").encode("utf-16-be", "surrogatepass")
    return packed.decode("utf-16-be", "replace")
