"""Who is told of a subject: what the trie finds is what the filters cover."""

from typing import cast

from hypothesis import given
from hypothesis import strategies as st

from events.live.watchers import SubjectTree, Watcher, Watchers
from events.subjects import is_filter, matches
from tests.test_events.noted import Noted

WORD = st.sampled_from(["a", "b", "psd"])
SUBJECT = st.lists(WORD, min_size=1, max_size=5).map(".".join)
FILTER = (
    st.lists(st.one_of(WORD, st.just("*")), max_size=4)
    .flatmap(lambda head: st.sampled_from([head, [*head, ">"]]))
    .filter(bool)
    .map(".".join)
)


@given(st.lists(FILTER, max_size=12), SUBJECT)
def test_the_tree_finds_what_the_filters_cover(
    filters: list[str], subject: str
) -> None:
    assert all(is_filter(one) for one in filters)
    tree, watchers = SubjectTree(), [Noted() for _ in filters]
    for one, watcher in zip(filters, watchers, strict=True):
        tree.add(one, watcher)
    expected = {
        watcher
        for one, watcher in zip(filters, watchers, strict=True)
        if matches(one, subject)
    }
    found = list(tree.matching(subject))

    assert len(found) == len(expected)
    assert set(found) == cast("set[Watcher]", expected)


@given(st.lists(FILTER, max_size=12))
def test_a_tree_that_nobody_watches_in_is_empty(filters: list[str]) -> None:
    tree, watchers = SubjectTree(), [Noted() for _ in filters]
    for one, watcher in zip(filters, watchers, strict=True):
        tree.add(one, watcher)
    for one, watcher in zip(filters, watchers, strict=True):
        tree.discard(one, watcher)

    assert not tree
    assert tree._below == {}


def test_watchers_that_have_left_leave_nothing_behind() -> None:
    watchers, one = Watchers(), Noted()
    watchers.watch_job("job_1", one)
    watchers.unwatch_job("job_1", one)
    watchers.watch_owner(None, one)
    watchers.unwatch_owner(None, one)
    watchers.watch_subjects("events.>", one)
    watchers.unwatch_subjects("events.>", one)

    assert (len(watchers), watchers._by_job, watchers._by_owner) == (0, {}, {})
    assert not watchers._by_subject
