"""Events that this gateway cannot show: they are told, and end nobody's subscription."""

from typing import Any

import pytest

from events.subjects import Topic, Transition
from schema.events import TRANSITIONS, JobStarted
from tests.integration.people import Stage
from tests.integration.watching import JOB_EVENTS, numbers
from tests.test_jobs.bench import ADMINISTRATOR, no_effects, report

pytestmark = pytest.mark.timeout(120)


async def test_an_event_that_cannot_be_shown_is_told_as_such_and_passed(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = await stage.member()
    async with stage.person(one) as person:
        job_id = await stage.start(one)
        feeds = [await person.begin(JOB_EVENTS, id=job_id) for _ in range(2)]
        for feed in feeds:
            await feed.count(1)
        broken = (JobStarted, _broken)
        monkeypatch.setitem(TRANSITIONS, Transition.STARTED, broken)
        delivery = await stage.bench.claim(job_id)
        await (await delivery.begun()).progress(report(0.5))
        await delivery.end()
        for feed in feeds:
            with pytest.raises(AssertionError, match="INTERNAL"):
                await feed.end()
    for feed in feeds:
        shown = [result["data"] for result in feed.results]
        assert shown.pop(1) is None
        assert [event["jobEvents"]["__typename"] for event in shown] == [
            *("JobSnapshot", "JobProgressed", "JobSucceeded")
        ]
        (error,) = feed.results[1]["errors"]
        assert error["message"] == "Something went wrong on our side."
        assert error["extensions"]["code"] == "INTERNAL"


def _broken(_body: object) -> Any:
    raise RuntimeError("not for anybody's eyes")


async def test_an_event_of_a_later_version_shows_the_job(stage: Stage) -> None:
    async with stage.person() as person:
        job_id = await stage.start(ADMINISTRATOR)
        feed = await person.begin(JOB_EVENTS, id=job_id)
        await feed.count(1)
        delivery = await stage.bench.claim(job_id)
        run = await delivery.begun()
        topic = Topic("psd", "fonts", "found")
        await run.progress(report(0.1))
        await run.record(topic, no_effects, report(0.5))
        await delivery.end()
        events = await feed.end()
    assert [event["__typename"] for event in events] == [
        *("JobSnapshot", "JobStarted", "JobProgressed", "JobSnapshot", "JobSucceeded")
    ]
    assert numbers(events) == [1, 2, 3, 4, 5]
    assert events[3]["job"]["progress"]["fraction"] == 0.5
