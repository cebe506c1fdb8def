"""Faults, each planted in facts that have none."""

from tests.chaos.facts import Effect, Facts, Seen
from tests.chaos.whole import POISON, SLEEP


def change_job(facts: Facts, place: int, **changes: object) -> None:
    """Change the row of the job at a place."""
    facts.jobs[place] = facts.jobs[place]._replace(**changes)  # type: ignore[arg-type]


def change_event(facts: Facts, place: int, **changes: object) -> None:
    """Change the event at a place."""
    facts.events[place] = facts.events[place]._replace(**changes)  # type: ignore[arg-type]


def change_watched(facts: Facts, seen: list[Seen]) -> None:
    """Let the parse's first subscriber have seen other events."""
    facts.watched[0] = facts.watched[0]._replace(seen=tuple(seen))


def seen_of_parse(facts: Facts) -> list[Seen]:
    """Return what the first subscriber saw of the parse."""
    return list(facts.watched[0].seen)


def lose_job(facts: Facts) -> None:
    """Take a job away with all that PostgreSQL and the log knew of it."""
    facts.jobs = [row for row in facts.jobs if row.id != SLEEP]
    facts.events = [event for event in facts.events if event.job_id != SLEEP]


def lose_event(facts: Facts) -> None:
    """Take an event of the parse out of the log."""
    del facts.events[2]


def double_event(facts: Facts) -> None:
    """Store an event of the parse once more."""
    facts.events.append(facts.events[3]._replace(sequence=100))


def disorder_events(facts: Facts) -> None:
    """Let two events have changed places."""
    change_event(facts, 1, sequence=3)
    change_event(facts, 2, sequence=2)


def see_gap(facts: Facts) -> None:
    """Let the subscriber have been told of a gap."""
    seen = seen_of_parse(facts)
    seen[2] = seen[2]._replace(typename="EventGap")
    change_watched(facts, seen)


def see_less(facts: Facts) -> None:
    """Let the subscriber have missed an event."""
    seen = seen_of_parse(facts)
    change_watched(facts, seen[:2] + seen[3:])


def see_twice(facts: Facts) -> None:
    """Let the subscriber have seen an event twice."""
    seen = seen_of_parse(facts)
    change_watched(facts, seen[:3] + seen[2:])


def see_disorder(facts: Facts) -> None:
    """Let the subscriber have seen two events the other way round."""
    seen = seen_of_parse(facts)
    change_watched(facts, [seen[0], seen[2], seen[1], *seen[3:]])


def see_other_end(facts: Facts) -> None:
    """Let the subscriber have seen another end."""
    *seen, last = seen_of_parse(facts)
    change_watched(facts, [*seen, last._replace(typename="JobFailed")])


def see_other_status(facts: Facts) -> None:
    """Let an event have shown the subscriber another status."""
    seen = seen_of_parse(facts)
    seen[1] = seen[1]._replace(status="QUEUED")
    change_watched(facts, seen)


def never_complete(facts: Facts) -> None:
    """Let the subscriber still wait for the end."""
    facts.watched[0] = facts.watched[0]._replace(is_complete=False)


def snapshot_unasked(facts: Facts) -> None:
    """Let the subscriber have got a snapshot in the middle."""
    seen = seen_of_parse(facts)
    seen[2] = seen[2]._replace(typename="JobSnapshot")
    change_watched(facts, seen)


def watch_nothing(facts: Facts) -> None:
    """Let nobody have watched a job."""
    facts.watched = [one for one in facts.watched if one.job_id != SLEEP]


def begin_twice(facts: Facts) -> None:
    """Let a claim have begun twice, and have been done although its job failed."""
    facts.effects += [Effect(POISON, 4, "begun"), Effect(POISON, 4, "done")]


def name_nothing(facts: Facts) -> None:
    """Take the name of a picture out of its layer's row."""
    facts.layers[1] = facts.layers[1]._replace(image_id=None)
