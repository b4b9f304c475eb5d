"""What a client would rather have: the ranking of its `Accept` headers."""

from __future__ import annotations

HTML = "text/html"
OTHERS = ("application/graphql-response+json", "application/json", "text/event-stream", "multipart/mixed")
"""What the API answers with."""


def prefers_html(accept: str) -> bool:
    """Whether it names HTML, and nothing that the API has before it. `*/*` names nothing."""
    ranges = _ranked(accept)
    if not ranges.get(HTML):
        return False
    order = list(ranges)
    named = [each for each in OTHERS if each in ranges]
    return all((ranges[HTML], -order.index(HTML)) > (ranges[each], -order.index(each)) for each in named)


def accepts_gzip(accept_encoding: str) -> bool:
    ranges = _ranked(accept_encoding)
    return ranges.get("gzip", ranges.get("*", 0)) > 0


def _ranked(header: str) -> dict[str, float]:
    """What is named, in its order, with how much it is wanted: from 0, not at all, to 1."""
    ranges: dict[str, float] = {}
    for each in header.split(","):
        name, *parameters = (part.strip().lower() for part in each.split(";"))
        quality = next((said[2:] for said in parameters if said.startswith("q=")), "1")
        ranges[name] = _quality(quality)
    return ranges


def _quality(said: str) -> float:
    try:
        return min(max(float(said), 0), 1)
    except ValueError:
        return 0
