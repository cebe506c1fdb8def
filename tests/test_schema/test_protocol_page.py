"""docs/protocol.md names every event of the code, and no other."""

from pathlib import Path

from events.subjects import JobKind, transition_topic
from schema.events import OWN_EVENTS, TRANSITIONS

PAGE = Path(__file__).parents[2] / "docs" / "protocol.md"
BEGIN, END = "<!-- events: begin -->\n", "<!-- events: end -->\n"
BODY = {
    "attempt": "`job.attempt`",
    "error": "`error`",
    "next_attempt_at": "`next_attempt_at`",
    "progress": "`progress`",
}
OWNERS = {
    "psd.layers": JobKind.PSD_PARSE,
    "psd.preview": JobKind.PSD_PARSE,
    "psd.pictures": JobKind.PSD_EXPORT,
    "data_import.rows": JobKind.DATA_IMPORT,
}


def own_fields(graph_type: type) -> list[str]:
    """Return the fields that a type adds to JobEvent's."""
    return sorted(set(graph_type.__annotations__) & set(BODY))


def table() -> str:
    """Return the table as the page must show it."""
    lines = ["| job | transition | subject | in the body | GraphQL type |"]
    lines += ["| --- | --- | --- | --- | --- |"]
    for kind in JobKind:
        for transition, (graph_type, _) in TRANSITIONS.items():
            subject = transition_topic(kind, transition).subject("{job}")
            body = ", ".join(BODY[name] for name in own_fields(graph_type))
            lines.append(
                f"| `{kind}` | {transition} | `{subject}` | {body} | "
                f"`{graph_type.__name__}` |"
            )
        for topic, (graph_type, fields) in OWN_EVENTS.items():
            if OWNERS[topic.rpartition(".")[0]] is kind:
                body = ", ".join(f"`{field}`" for field in fields)
                lines.append(
                    f"| `{kind}` | | `events.{topic}.{{job}}` | {body} | "
                    f"`{graph_type.__name__}` |"
                )
    return "\n".join(lines) + "\n"


def test_the_page_shows_the_codes_events() -> None:
    page = PAGE.read_text(encoding="utf-8")
    shown = page.partition(BEGIN)[2].partition(END)[0]
    assert shown == table()
