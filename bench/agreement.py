"""What is compared must be the same: every server's answers, before anything is measured and after it.

What servers of GraphQL answer is compared with what SQL written by hand finds; what a manager is answered, with SQL
that has the rules written in; and that with what somebody is answered who may see everything, lest the rules be none.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import psutil

from bench.clients import ask
from bench.questions import Asks, Questions, comparable

CHECKED = 20
"""How many answers to each question are compared."""


class DifferentAnswers(Exception):
    """Two servers don't say the same: then it makes no sense to compare how quickly."""


@dataclass(frozen=True, slots=True)
class Server:
    """Somebody who answers some of the questions."""

    name: str
    process: psutil.Process
    port: int
    asks: dict[str, Asks]
    manager: bool = False
    """Whether a manager asks."""


async def agree(letter: str, servers: Sequence[Server], by_hand: Server, questions: Questions) -> int:
    """Ask all of them the same, several times; how often that was. Raises DifferentAnswers."""
    least: set[str] = set()
    whom = questions.whom(letter)
    for n in range(CHECKED):
        of = whom[n] if n < min(len(whom), CHECKED // 2) else questions.any(letter)
        expected = {
            manager: await _answer(by_hand, of, by_hand.asks[key])
            for manager, key in ((False, _plain(letter)), (True, f"manager/{letter}"))
            if key in by_hand.asks
        }
        for server in servers:
            found = await _answer(server, of, server.asks[letter])
            if found != expected[server.manager]:
                wanted = expected[server.manager]
                raise DifferentAnswers(f"{server.name} on {letter} of {of!r}:\n{found}\nby hand:\n{wanted}")
        least |= {server.name for server in servers if server.manager and expected[True] != expected[False]}
    if blind := {server.name for server in servers if server.manager} - least:
        raise DifferentAnswers(f"On {letter}, nothing is hidden from {', '.join(blind)}.")
    return CHECKED


async def _answer(server: Server, of: bytes, asks: Asks) -> Any:
    answer = comparable(await ask(server.port, asks(of)))
    if "errors" in answer or not answer.get("data") or not any(answer["data"].values()):
        raise DifferentAnswers(f"{server.name}, asked of {of!r}: {answer}")
    return answer


def _plain(letter: str) -> str:
    """A document that nobody has seen asks what A asks."""
    return "A" if letter == "F" else letter
