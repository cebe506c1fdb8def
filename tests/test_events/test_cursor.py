"""Cursors: read back as they were made, short, and refused when damaged."""

import string
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from core.base import new_id
from core.errors import AppError, ErrorCode
from events.cursor import EventCursor, Position, decode_cursor, encode_cursor
from tests.test_events.forging import forged

DAMAGED = (
    "This event cursor is damaged. Pass one exactly as it was received, "
    "or none for a fresh start."
)
NUMBERS = st.integers(0, 2**63 - 1)
POSITIONS = st.builds(
    Position, creation=NUMBERS, sequence=NUMBERS, time=st.none() | NUMBERS
)
CURSORS = st.builds(
    EventCursor,
    made_at=st.datetimes(
        datetime(1970, 1, 1), datetime(9999, 12, 31), timezones=st.just(UTC)
    ),
    position=st.none() | POSITIONS,
    job_id=st.none() | st.uuids().map(lambda uuid: f"job_{uuid.hex}"),
    job_seq=NUMBERS,
)
BASE64 = string.ascii_letters + string.digits + "-_"
FULL = EventCursor(
    datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC),
    Position(1767323045678901, 123_456, 1767323046000001),
    new_id("job"),
    17,
)

# What msgpack can hold, and no cursor.
WILD_NUMBERS = st.integers(-(2**63), -1) | st.integers(2**63, 2**64 - 1)
WILD_TIMES = st.datetimes(max_value=datetime(1969, 12, 31), timezones=st.just(UTC))
WILD_IDS = st.text(max_size=40) | st.just(f"job_{'0' * 31}\0")


def refused(text: str) -> None:
    with pytest.raises(AppError) as caught:
        decode_cursor(text)
    assert caught.value.code is ErrorCode.BAD_USER_INPUT
    assert caught.value.message == DAMAGED
    assert caught.value.field == ()


@given(CURSORS)
def test_a_cursor_comes_back_as_it_was_made(cursor: EventCursor) -> None:
    text = encode_cursor(cursor)

    assert decode_cursor(text) == cursor
    assert len(text) < 200
    assert set(text) <= set(BASE64)


@given(CURSORS, st.data())
def test_one_changed_character_is_refused(
    cursor: EventCursor, data: st.DataObject
) -> None:
    text = encode_cursor(cursor)
    place = data.draw(st.integers(0, len(text) - 1))
    other = data.draw(st.sampled_from(BASE64 + "+/= .é\n\0") | st.characters())
    assume(other != text[place])

    refused(text[:place] + other + text[place + 1 :])


@given(CURSORS, st.data())
def test_a_cut_cursor_is_refused(cursor: EventCursor, data: st.DataObject) -> None:
    text = encode_cursor(cursor)
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))
    assume(end - start < len(text))

    refused(text[start:end])


@given(CURSORS, st.text(min_size=1, max_size=6), st.booleans())
def test_an_extended_cursor_is_refused(
    cursor: EventCursor, more: str, before: bool
) -> None:
    text = encode_cursor(cursor)

    refused(more + text if before else text + more)


@given(st.text(max_size=80))
def test_any_other_text_is_refused(text: str) -> None:
    refused(text)


@pytest.mark.parametrize("padding", ["=", "==", "===", "\n", " "])
def test_padding_and_blanks_are_damage(padding: str) -> None:
    refused(encode_cursor(FULL) + padding)


def test_every_single_bit_is_guarded() -> None:
    text = encode_cursor(FULL)
    for place, character in enumerate(text):
        for other in BASE64:
            if other != character:
                refused(text[:place] + other + text[place + 1 :])


def test_two_cursors_are_not_one() -> None:
    other = EventCursor(FULL.made_at, FULL.position, FULL.job_id, FULL.job_seq + 1)

    assert encode_cursor(other) != encode_cursor(FULL)


@given(CURSORS)
def test_a_forged_one_that_is_as_ours_is_one(cursor: EventCursor) -> None:
    parts = cursor.made_at, cursor.position, cursor.job_id, cursor.job_seq
    assert decode_cursor(forged(*parts)) == cursor


@given(CURSORS.filter(lambda cursor: cursor.position), st.data())
def test_a_forged_one_with_wild_values_is_refused(
    cursor: EventCursor, data: st.DataObject
) -> None:
    position = msgspec.to_builtins(cursor.position)
    parts = [cursor.made_at, position, cursor.job_id, cursor.job_seq]
    match data.draw(st.sampled_from(("time", "naive", "position", "job", "job_seq"))):
        case "time":
            parts[0] = data.draw(WILD_TIMES)
        case "naive":
            parts[0] = cursor.made_at.replace(tzinfo=None)
        case "position":
            position[data.draw(st.integers(0, 2))] = data.draw(WILD_NUMBERS)
        case "job":
            parts[2] = data.draw(WILD_IDS)
        case "job_seq":
            parts[3] = data.draw(WILD_NUMBERS)

    refused(forged(*parts))


def test_the_first_moment_is_no_wild_one() -> None:
    first = datetime(1970, 1, 1, tzinfo=UTC)
    assert decode_cursor(forged(first, None, None, 0)).made_at == first
    refused(forged(first - timedelta(microseconds=1), None, None, 0))


@pytest.mark.parametrize("length", [401, 250_000])
def test_one_that_is_too_long_is_refused(length: int) -> None:
    text = forged(FULL.made_at, None, "j" * length, 0)
    assert len(text) > 400
    refused(text)
