"""The container: makes services from their constructors' types, once each."""

from pathlib import Path

import pytest
from nats.aio.client import Client

from core.config import Settings
from core.container import Container, Missing
from core.database_async import Database
from core.nats import RelayWaker
from features.jobs.burial import Burial
from features.jobs.reading import JobRowsService
from features.jobs.runner import JobRunner


def filled() -> Container:
    """Return a container with what processes give."""
    container = Container()
    container.give(Settings, Settings())
    container.give(RelayWaker, RelayWaker(Client()))
    container.give(Database, Database("postgresql://nobody@localhost/nothing"))
    return container


def test_returns_what_was_given() -> None:
    container = Container()
    settings = Settings()
    container.give(Settings, settings)
    assert container.get(Settings) is settings


def test_a_later_gift_takes_the_place_of_an_earlier() -> None:
    container = filled()
    other = Settings(port=1)
    container.give(Settings, other)
    assert container.get(Settings) is other


def test_makes_a_service_once_from_what_its_constructor_asks_for() -> None:
    container = filled()
    assert isinstance(container.get(JobRunner), JobRunner)
    assert container.get(JobRunner) is container.get(JobRunner)
    assert container.get(Burial) is not filled().get(Burial)


def test_says_what_is_missing() -> None:
    with pytest.raises(Missing) as missing:
        Container().get(Path)
    assert str(missing.value) == "nothing was given for Path"


def test_says_who_asked_for_what_is_missing() -> None:
    with pytest.raises(Missing) as missing:
        Container().get(JobRowsService)
    assert str(missing.value) == (
        "nothing was given for str, which Database asks for, "
        "which JobRowsService asks for"
    )
