"""Which facts a projection has anything to say about: it is shown the others never.

A projection is a pure function. If it says nothing of a fact none of whose fields can be read, recorded by nobody at no
time, it looked at nothing but the fact's class; so it says nothing of any fact of that class.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator
from dataclasses import fields, is_dataclass
from functools import cache
from typing import Any, NoReturn

from domain._kernel import EVENTS
from projections._kernel import Project
from store.recorded import Recorded


class Looked(Exception):
    """A projection wants to know more of a fact than its class."""


def _look(*_: Any) -> NoReturn:
    raise Looked


_Unknown = type("_Unknown", (), dict.fromkeys(("__getattr__", "__bool__", "__eq__", "__hash__", "__str__"), _look))
_UNKNOWN: Any = _Unknown()
"""May be handed on, and that is all."""


def concerns(project: Project, kind: type[Any]) -> bool:
    """Whether this projection can say anything of a fact of this class. In doubt it can."""
    return _concerns(project, kind)  # type: ignore[arg-type]  # classes are hashable


@cache
def _concerns(project: Project, kind: Hashable) -> bool:
    return not is_dataclass(kind) or any(_says_something(project, blank) for blank in _blanks(kind))


def unconcerning(projects: Iterable[Project]) -> list[str]:
    """The topics that none of these projections has anything to say about. One that nobody here knows is none of them.

    What an event in an old form becomes when it is read is not looked into: it may concern anybody.
    """
    chosen = list(projects)
    return sorted(
        kind.TOPIC
        for kind in EVENTS
        if not hasattr(kind, "upcast") and not any(concerns(project, kind) for project in chosen)
    )


def _says_something(project: Project, blank: Any) -> bool:
    unknown = dict.fromkeys(Recorded.__struct_fields__, _UNKNOWN)
    try:
        return any(True for _ in project(Recorded(**unknown | {"fact": blank})))
    except Exception:  # noqa: BLE001  # it looked, or it could do nothing with what it was given
        return True


def _blanks(kind: Any) -> Iterator[Any]:
    """Facts of this class without any field; the first is of this very class, the second tells whoever tries one."""
    names = {each.name for each in fields(kind)}

    def get(self: Any, name: str) -> Any:
        return _look() if name in names else object.__getattribute__(self, name)

    yield object.__new__(kind)
    yield object.__new__(type(kind.__name__, (kind,), {"__slots__": (), "__getattribute__": get}))
