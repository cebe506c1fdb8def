"""Files, jobs and documents in pages, newest first; jobs by filter."""

from typing import Any

import pytest

from tests.client import Client, GraphQLErrors
from tests.integration.conftest import Parsed
from tests.integration.paging import page_of, walk
from tests.test_psd.documents import small_document

JOBS = """
query ($filter: JobFilter) {
  jobs(filter: $filter, first: 100) { totalCount nodes { id kind status createdAt } }
}
"""
JOB = "query ($id: ID!) { job(id: $id) { createdAt createdBy { name role } } }"
LISTS = ["files", "jobs", "psdDocuments"]


@pytest.fixture(scope="module", autouse=True)
def some_rows(parsed: Parsed) -> Parsed:
    """Have at least one row in each list."""
    return parsed


@pytest.mark.parametrize("name", LISTS)
async def test_small_pages_give_the_same_list_as_large_ones(
    name: str, client: Client, tmp_path: Any
) -> None:
    path = tmp_path / "another.psd"
    small_document().save(path)
    for _ in range(3):
        await client.parse(await client.upload(path), waitMs=10_000)
    large = await walk(client, name, 100)
    small = await walk(client, name, 7)
    assert small == large
    assert len({row["id"] for row in large}) == len(large) >= 4
    times = [row["createdAt"] for row in large]
    assert times == sorted(times, reverse=True)


@pytest.mark.parametrize("name", LISTS)
async def test_an_empty_page_still_counts(name: str, client: Client) -> None:
    page = await page_of(client, name, first=0)
    assert (page["edges"], page["nodes"]) == ([], [])
    assert page["totalCount"] >= 1
    assert page["pageInfo"] == {
        "hasNextPage": True,
        "hasPreviousPage": False,
        "startCursor": None,
        "endCursor": None,
    }


@pytest.mark.parametrize("name", [*LISTS, "deadLetters", "importRecords", "datasets"])
@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"first": 101}, "`first` must be 0 to 100; it is 101."),
        ({"first": -1}, "`first` must be 0 to 100; it is -1."),
        ({"after": "游标"}, "`after` is not a cursor of this list."),
        ({"after": "MQ"}, "`after` is not a cursor of this list."),
        (
            # A time without its offset, and an id that PostgreSQL cannot hold.
            {"after": "WyIyMDIwLTAxLTAxVDAwOjAwOjAwIiwiXHUwMDAwIl0"},
            "`after` is not a cursor of this list.",
        ),
    ],
)
async def test_a_page_that_cannot_be_is_refused(
    name: str, given: dict[str, Any], message: str, client: Client
) -> None:
    with pytest.raises(GraphQLErrors) as refused:
        await page_of(client, name, **given)
    (error,) = refused.value.errors
    assert (error["message"], error["path"]) == (message, [name])
    assert error["extensions"] == {"code": "BAD_USER_INPUT"}


async def _jobs(client: Client, **wanted: Any) -> Any:
    return (await client.ask(JOBS, filter=wanted))["jobs"]


async def test_jobs_are_filtered_by_kind_and_status(
    client: Client, parsed: Parsed
) -> None:
    everything = await page_of(client, "jobs", first=0)
    parses = await _jobs(client, kind=["PSD_PARSE"])
    assert parses["totalCount"] > 0
    assert {job["kind"] for job in parses["nodes"]} == {"PSD_PARSE"}
    others = await _jobs(client, kind=["PSD_EXPORT", "DATA_IMPORT"])
    assert parses["totalCount"] + others["totalCount"] == everything["totalCount"]
    assert (await _jobs(client, kind=["BUSINESS_ANALYSIS"]))["totalCount"] == 0
    done = await _jobs(client, status=["SUCCEEDED"], kind=["PSD_PARSE"])
    assert {job["status"] for job in done["nodes"]} == {"SUCCEEDED"}
    statuses = ["QUEUED", "RUNNING", "FAILED", "CANCELED"]
    rest = await _jobs(client, status=statuses, kind=["PSD_PARSE"])
    assert done["totalCount"] + rest["totalCount"] == parses["totalCount"]


async def test_jobs_are_filtered_by_time(client: Client, parsed: Parsed) -> None:
    made = (await client.ask(JOB, id=parsed.job_id))["job"]["createdAt"]
    assert made.endswith("Z")
    before = await _jobs(client, createdBefore=made)
    after = await _jobs(client, createdAfter=made)
    everything = (await page_of(client, "jobs", first=0))["totalCount"]
    assert before["totalCount"] + after["totalCount"] == everything - 1
    found = before["nodes"] + after["nodes"]
    assert parsed.job_id not in {job["id"] for job in found}
    assert all(job["createdAt"] > made for job in after["nodes"])
    nothing = await _jobs(client, createdAfter=made, createdBefore=made)
    assert nothing["totalCount"] == 0


@pytest.mark.parametrize(
    ("moment", "message"),
    [
        ("yesterday", "Not an RFC 3339 date and time: 'yesterday'"),
        ("2020-01-01", "Not an RFC 3339 date and time: '2020-01-01'"),
        (
            "0001-01-01T00:00:00+14:00",
            "Not an RFC 3339 date and time: '0001-01-01T00:00:00+14:00'",
        ),
    ],
)
async def test_what_is_no_moment_is_refused(
    moment: str, message: str, client: Client
) -> None:
    with pytest.raises(GraphQLErrors) as refused:
        await _jobs(client, createdAfter=moment)
    (error,) = refused.value.errors
    assert error["message"].endswith(message)
    assert error["extensions"] == {"code": "BAD_USER_INPUT"}


async def test_a_job_says_who_started_it(client: Client, parsed: Parsed) -> None:
    creator = (await client.ask(JOB, id=parsed.job_id))["job"]["createdBy"]
    viewer = (await client.ask("{ viewer { name role } }"))["viewer"]
    assert creator == viewer == {"name": "Local administrator", "role": "ADMIN"}
