"""Ids: a prefix and a UUID, in the order of their making, or derived from a place."""

import re
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.base import PREFIXES, derived_id, new_id, prefix_of, utc_now, uuid_of

JOB = "job_0198f0a1b2c37d4e8f00112233445566"
PLACES = st.text(max_size=40)


@pytest.mark.parametrize("prefix", sorted(PREFIXES))
def test_an_id_is_a_prefix_and_a_uuid7_without_dashes(prefix: str) -> None:
    made = new_id(prefix)
    assert re.fullmatch(rf"{prefix}_[0-9a-f]{{32}}", made)
    assert prefix_of(made) == prefix
    assert (uuid_of(made).version, uuid_of(made).variant) == (
        7,
        "specified in RFC 4122",
    )


def test_ids_are_distinct_and_in_the_order_of_their_making() -> None:
    made = [new_id("job") for _ in range(20_000)]
    assert sorted(made) == made
    assert len(set(made)) == len(made)


def test_an_id_tells_when_it_was_made() -> None:
    milliseconds = uuid_of(new_id("event")).int >> 80
    made_at = datetime.fromtimestamp(milliseconds / 1000, UTC)
    assert abs(utc_now() - made_at) < timedelta(seconds=5)


def test_a_derived_id_is_for_ever_the_same() -> None:
    assert derived_id("psd", JOB, "document") == "psd_255351e26ba55cbeb86256f5730a086d"


@given(PLACES, PLACES)
def test_each_place_has_one_id_of_its_own(one: str, other: str) -> None:
    first, second = derived_id("layer", JOB, one), derived_id("layer", JOB, other)
    assert (first == second) is (one == other)
    assert uuid_of(first).version == 5
    assert derived_id("layer", new_id("psd"), one) != first


@pytest.mark.parametrize(
    "text",
    [
        "",
        "job",
        "job_",
        "0198f0a1b2c37d4e8f00112233445566",
        "cat_0198f0a1b2c37d4e8f00112233445566",
        "JOB_0198f0a1b2c37d4e8f00112233445566",
        "job_0198F0A1B2C37D4E8F00112233445566",
        "job_0198f0a1b2c37d4e8f0011223344556",
        "job_0198f0a1b2c37d4e8f001122334455667",
        "job_0198f0a1-b2c3-7d4e-8f00-112233445566",
        "job_0198f0a1b2c37d4e8f00112233445566\n",
        "job_٠198f0a1b2c37d4e8f00112233445566",
    ],
)
def test_knows_what_is_no_id(text: str) -> None:
    assert prefix_of(text) is None
    with pytest.raises(ValueError, match="^not a public id: "):
        uuid_of(text)
    with pytest.raises(ValueError, match="^not a public id: "):
        derived_id("layer", text, "0")


@given(st.uuids())
def test_a_uuid_comes_back_from_its_id(uuid: UUID) -> None:
    assert uuid_of(f"file_{uuid.hex}") == uuid


def test_refuses_an_unknown_prefix() -> None:
    with pytest.raises(ValueError, match="^unknown id prefix 'cat'$"):
        new_id("cat")
    with pytest.raises(ValueError, match="^unknown id prefix 'cat'$"):
        derived_id("cat", JOB, "0")


def test_now_is_aware_and_in_utc() -> None:
    assert utc_now().tzinfo is UTC
