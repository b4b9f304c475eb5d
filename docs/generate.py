"""Writes the pages of docs/reference about the domain, as the code has it: `python -m docs.generate`."""

from __future__ import annotations

import ast
import inspect
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import fields
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from types import ModuleType
from typing import Any

from domain._kernel import EVENTS, Refused
from domain.role import PERMISSIONS
from schema import schema

REFERENCE = Path(__file__).parent / "reference"
OURS = ("domain", "store", "schema")
WRITTEN = "<!-- Made from the code by `make reference`. -->\n"


def pages() -> dict[str, str]:
    """Each page's text by the name of its file."""
    return {name: f"{WRITTEN}{text()}" for name, text in WRITERS.items()}


def table(*rows: tuple[str, ...]) -> str:
    """The first row is the head."""
    lines = [f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |" for row in rows]
    return "\n".join([lines[0], f"|{' --- |' * len(rows[0])}", *lines[1:]])


# ── Refusal codes ──

CODES = """# Refusal codes

What the rules say no to. A mutation answers with `Refused { code message path currentVersion }`; nothing was changed.
Programs go by the code, which is stable. The message is for people and may change; where it says `…`, the case at hand
is named. `path` names the part of the input that is at fault.

A code is of a *kind*, which is a code itself: `SCORE_OFF_SCALE` is a `VALIDATION_FAILED`.

What goes wrong before the rules are asked (a document that can't be read, nobody signed in) is an error, not a refusal:
see [HTTP](http.md).
"""


def codes() -> str:
    said = _messages()
    by_module: defaultdict[str, list[type[Refused]]] = defaultdict(list)
    for each in _refusals(Refused):
        by_module[each.__module__].append(each)
    parts = [CODES]
    for module in sorted(by_module, key=lambda name: (not name.startswith("domain._"), name)):
        rows = [
            (f"`{each.code}`", _kind(each), " <br> ".join(sorted(said[each])) or _unsaid(each))
            for each in sorted(by_module[module], key=lambda each: each.code)
        ]
        parts.append(f"## {_title(module)}\n\n{table(('code', 'kind', 'it says'), *rows)}\n")
    return "\n".join(parts)


def _title(module: str) -> str:
    titles = {"domain._kernel": "Everywhere", "domain._values": "Values", "store.codec": "The log"}
    return titles.get(module) or module.rpartition(".")[2].replace("_", " ").capitalize()


def _kind(refusal: type[Refused]) -> str:
    (above,) = refusal.__bases__
    return f"`{above.code}`" if issubclass(above, Refused) and above is not Refused else ""


def _unsaid(refusal: type[Refused]) -> str:
    return "Only as one of its kind." if refusal.__subclasses__() else "Not given yet."


def _refusals(kind: type[Refused]) -> Iterator[type[Refused]]:
    for each in kind.__subclasses__():
        if each.__module__.partition(".")[0] in OURS:
            yield each
            yield from _refusals(each)


def _messages() -> defaultdict[type[Refused], set[str]]:
    """What each refusal is raised with, wherever it is."""
    found: defaultdict[type[Refused], set[str]] = defaultdict(set)
    for module in _modules():
        for node in ast.walk(ast.parse(inspect.getsource(module))):
            if isinstance(node, ast.Call) and node.args and (text := _text(node.args[0])):
                refusal = _meant(module, node.func)
                if isinstance(refusal, type) and issubclass(refusal, Refused):
                    found[refusal].add(text)
    return found


def _modules() -> Iterator[ModuleType]:
    for package in map(import_module, OURS):
        for each in iter_modules(package.__path__):
            if not each.ispkg:
                yield import_module(f"{package.__name__}.{each.name}")


def _meant(module: ModuleType, name: ast.expr) -> Any:
    """What a name, plain or dotted, stands for in a module."""
    match name:
        case ast.Name(id):
            return getattr(module, id, None)
        case ast.Attribute(value, attribute):
            return getattr(_meant(module, value), attribute, None)
    return None


def _text(node: ast.expr) -> str:
    match node:
        case ast.Constant(str() as text):
            return text
        case ast.JoinedStr(parts):
            return "".join(part.value if isinstance(part, ast.Constant) else "…" for part in parts)  # type: ignore[misc]
    return ""


# ── Events ──

TOLD = """# Events

Every fact that can be recorded, by its topic: the name under which it is stored, for ever. `data` in the API has the
same fields in camelCase, and ids in it are plain UUIDs. Around each fact stand its position, stream, version, instants,
actor, reason and command: see `Event` in [the schema](../../schema.graphql).

- **personal**: encrypted with the key of the person whom the stream is about; shown to them and with `personal.view`;
  null once the key is destroyed. [Personal data](../explanation/personal-data.md)
- **private**: stored plainly; shown to whom it is about and with `personal.view`.
- **evaluation**: stored plainly; shown to whom it is about and with `score.view`.
- **pay**: stored plainly; shown to whom it is about and with `pay.view`.

A fact with `effective` holds from that day; one without holds from the day on which it was recorded.
"""


def events() -> str:
    facts = sorted((fact for fact in EVENTS if fact.__module__.startswith("domain.")), key=lambda fact: fact.TOPIC)
    parts, capability = [TOLD], ""
    for fact in facts:
        name = fact.TOPIC.partition(".")[0]
        if name != capability:
            capability = name
            parts.append(f"## {name.replace('_', ' ').capitalize()}\n")
        said = [(f"`{field.name}`", f"`{_plain(field.type)}`", _group(field.type)) for field in fields(fact)]
        parts.append(f"### `{fact.TOPIC}`\n")
        if fact.__doc__ and not fact.__doc__.startswith(f"{fact.__name__}("):
            parts.append(f"{inspect.getdoc(fact)}\n")
        parts.append(f"{table(('field', 'type', ''), *said)}\n" if said else "No fields: that it happened is all.\n")
    return "\n".join(parts)


GROUPS = {"Personal": "personal", "Private": "private", "Evaluation": "evaluation", "Pay": "pay"}
"""How a field is marked that not everybody may see, and what the page says of it."""


def _plain(type_: Any) -> str:
    text = str(type_)
    for group in GROUPS:
        text = text.removeprefix(f"{group}[").removesuffix("]") if text.startswith(f"{group}[") else text
    return text


def _group(type_: Any) -> str:
    return GROUPS.get(str(type_).partition("[")[0], "")


# ── Permissions ──

PERMITTED = """# Permissions

What roles grant. Somebody's permissions are those of all roles that they are bound to, as long as they work here. The
administrators' role holds every one of them. How they are asked: [authorization](../explanation/authorization.md).

A *system* permission is about Meritbook itself, a *business* one about the organisation.
"""

RULES = """
## What mutations ask

`MY_REPORTS` holds for whoever stands above the person that the command is about, at any distance.
"""


def permissions() -> str:
    rows = [(f"`{name}`", it.kind.lower(), it.description) for name, it in PERMISSIONS.items()]
    mutations = schema()._schema.mutation_type  # noqa: SLF001
    assert mutations is not None
    asked = {
        name: str(field.extensions["strawberry-definition"].metadata["rule"])
        for name, field in mutations.fields.items()
    }
    rules = [(f"`{name}`", f"`{rule}`") for name, rule in asked.items()]
    return "\n".join([
        PERMITTED,
        table(("permission", "kind", "what it lets you do"), *rows),
        RULES,
        table(("mutation", "for"), *rules) + "\n",
    ])  # fmt: skip


WRITERS = {"codes.md": codes, "events.md": events, "permissions.md": permissions}


if __name__ == "__main__":
    for page, content in pages().items():
        (REFERENCE / page).write_text(content)
