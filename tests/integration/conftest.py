"""The corpus, as the tests of the PSD engine have it."""

from tests.test_psd.conftest import corpus

__all__ = ["corpus"]
