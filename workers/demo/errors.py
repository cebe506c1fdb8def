"""The one exception of the sample's client."""


class DemoError(Exception):
    """Something that a person can read: what happened, and what to do about it."""

    def __init__(self, what: str, advice: str) -> None:
        super().__init__(what)
        self.what = what
        self.advice = advice
