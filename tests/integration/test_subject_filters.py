"""events(subject:): what a filter covers, and filters that nothing comes through."""

import pytest

from events.subjects import JobKind
from tests.integration.people import Stage
from tests.integration.watching import EVENTS
from tests.test_jobs.bench import ADMINISTRATOR

pytestmark = pytest.mark.timeout(120)


@pytest.mark.parametrize(
    ("subject", "says"),
    [
        ("events.>", "'events.>' begins with `events`. Leave that off: "),
        ("events.psd.>", "'events.psd.>' begins with `events`. Leave that off: "),
        ("events.psd.parse_export.failed", "'events.psd.parse_export.failed' begins "),
        ("events.*.*", "'events.*.*' begins with `events`. Leave that off: "),
        ("psd", "'psd' covers no event. A filter has three words, "),
        ("psd.parse_export", "'psd.parse_export' covers no event. A filter has "),
        ("*", "'*' covers no event. A filter has three words, "),
        ("*.*", "'*.*' covers no event. A filter has three words, "),
        ("*.*.*.*", "'*.*.*.*' covers no event. A filter has three words, "),
        ("*.*.*.>", "'*.*.*.>' covers no event. A filter has three words, "),
        (
            "psd.parse_export.completed.job_00000000000070008000000000000009",
            "'psd.parse_export.completed.job_00000000000070008000000000000009' covers ",
        ),
    ],
)
async def test_a_filter_that_covers_nothing_is_refused(
    stage: Stage, subject: str, says: str
) -> None:
    async with stage.person() as person:
        feed = await person.begin(EVENTS, subject=subject)
        assert await feed.end() == []
        assert feed.errors is not None
        (error,) = feed.errors
        assert error["message"].startswith(says)
        assert error["extensions"] == {"code": "BAD_USER_INPUT"}


@pytest.mark.parametrize(
    ("subject", "count"),
    [
        *((">", 2), ("*.>", 2), ("psd.>", 2), ("psd.*.>", 2), ("*.*.*", 2)),
        *(("psd.parse_export.>", 2), ("*.*.canceled", 1), ("psd.*.queued", 1)),
    ],
)
async def test_a_filter_that_covers_something_lets_it_through(
    stage: Stage, subject: str, count: int
) -> None:
    async with stage.person() as person:
        feed = await person.watch(EVENTS, subject=subject)
        others = await person.watch(EVENTS, subject="data_import.>")
        await stage.short(ADMINISTRATOR)
        last = await stage.short(ADMINISTRATOR, kind=JobKind.DATA_IMPORT)
        assert {event["job"]["id"] for event in await others.count(2)} == {last}
        mine = [e for e in await feed.count(count) if e["job"]["id"] != last]
    assert len(mine) == count
