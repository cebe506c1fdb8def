"""The sample design: a shop's page for a pair of headphones."""

from workers.demo.design import Design
from workers.demo.page.backdrop import backdrop, corrections
from workers.demo.page.features import features
from workers.demo.page.footer import drafts, footer
from workers.demo.page.header import header
from workers.demo.page.hero import hero
from workers.demo.page.offer import offer

_WIDTH, _HEIGHT = 1200, 1600


def product_page() -> Design:
    """Draw the page; the same one each time."""
    return Design(
        _WIDTH,
        _HEIGHT,
        [
            backdrop(_WIDTH, _HEIGHT),
            hero(),
            features(),
            offer(),
            footer(),
            header(),
            corrections(),
            drafts(),
        ],
    )
