"""A client of `events`: every event behind its place once, or a gap and what is kept."""

from collections.abc import AsyncGenerator

from events.cursor import EventCursor, Position
from events.live.hub import Hub
from events.readers.feed_reader import FeedEvent, FeedGap, FeedItem, FeedReader
from events.subjects import matches
from tests.test_events.following import follow
from tests.test_events.lineage import Stored, between
from tests.test_events.log_server import LogServer
from tests.test_events.viewer import Viewer


class FeedViewer(Viewer[FeedItem]):
    """Watches what a filter covers, of one owner or (None) of everybody."""

    def __init__(
        self,
        server: LogServer,
        pattern: str,
        owner: str | None,
        after: EventCursor | None,
    ) -> None:
        super().__init__(after, is_latest=False)
        self._server = server
        self._pattern = pattern
        self._owner = owner
        self._in_gap = False
        # How often the log had lost something when the connection began.
        self._faults = 0

    def follow(self, hub: Hub, room: int) -> AsyncGenerator[FeedItem, None]:
        """Subscribe behind the last cursor."""
        reader = FeedReader(hub, self._pattern, self._may_see, self.cursor)
        return follow(hub, reader, room=room)

    def see_start(self, hub: Hub) -> None:
        """Forget the gap that nothing came behind: it comes again."""
        self._in_gap, self._faults = False, self._server.faults

    def see(self, item: FeedItem) -> None:
        """Judge an item by what came before."""
        if isinstance(item, FeedEvent):
            self._see_event(item)
        else:
            self._see_gap(item)

    def judge_end(self) -> None:
        """Expect all that is kept."""
        if self.cursor is None:
            return
        position = self.cursor.position
        if self._in_gap or position is None:
            self.must(self._in_gap, "silence of a place that never was")
            missing = [one for one in self._kept() if self._wants(one)]
        else:
            self.must(self._server.is_in_line(position), "silence of a lost place")
            behind = self._server.lineage.behind(position)
            missing = [one for one in behind if self._wants(one)]
        self.must(not missing, f"silence of {[one.sequence for one in missing]}")

    def _see_event(self, item: FeedEvent) -> None:
        event = item.event
        self.items.append(f"event {event.sequence}")
        stored = self._server.lineage.at(event.position)
        self.must(
            stored is not None and stored.position == event.position,
            "an event that was never there",
        )
        assert stored is not None
        self.must(stored.written.data == event.data, "another event's body")
        self.must(item.cursor == event.cursor, "an event's cursor is another's")
        self.must(self._wants(stored), "an event for somebody else")
        for one in self._left_out(stored):
            self.must(not self._wants(one), f"event {one.sequence} is left out")
        self._in_gap = False

    def _left_out(self, stored: Stored) -> list[Stored]:
        """Return what lies between the last item and an event, and may not be missing."""
        if self._in_gap:
            return [one for one in stored.ancestors() if self._server.keeps(one)]
        if self.cursor is None:
            return []
        position = self.cursor.position
        found = between(position, stored) if position is not None else None
        is_known = found is not None or self._server.forgets(position)
        self.must(is_known, "an event that is not behind the last")
        return found or []

    def _see_gap(self, item: FeedGap) -> None:
        self.gaps += 1
        self.items.append("gap")
        has_lost_more = self._server.faults > self._faults
        self.must(not self._in_gap or has_lost_more, "a gap in a gap")
        if self.cursor is not None:
            self.must(
                not self._server.surely_holds(self.cursor.position),
                "a gap that is not due",
            )
            self.must(item.cursor == self.cursor, "a gap's cursor is not the last")
        self._in_gap = True

    def _kept(self) -> list[Stored]:
        line = self._server.lineage.line.values()
        return [one for one in line if self._server.keeps(one)]

    def _wants(self, stored: Stored) -> bool:
        is_covered = matches(f"events.{self._pattern}", stored.bare_subject)
        return is_covered and self._may_see(stored.owner)

    def _may_see(self, owner: str | None) -> bool:
        return self._owner in (None, owner)
