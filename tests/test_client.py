"""The example client in TypeScript, as far as it can be looked at without Node: the rest is `make clients`."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from graphql import GraphQLSchema, parse, validate

from schema import schema

CLIENT = Path(__file__).parent.parent / "docs/examples/client"
GRAPH: GraphQLSchema = schema()._schema  # noqa: SLF001
DOCUMENTS = re.findall(r"graphql\(`(.*?)`\)", (CLIENT / "src/operations.ts").read_text(), re.DOTALL)
LOCK = json.loads((CLIENT / "package-lock.json").read_text())


def test_the_client_has_documents() -> None:
    assert len(DOCUMENTS) > 1


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda text: " ".join(text.split()[:2]))
def test_what_the_client_asks_for_is_there(document: str) -> None:
    assert not validate(GRAPH, parse(document))


def test_every_command_of_the_client_asks_why_it_was_refused() -> None:
    for document in DOCUMENTS:
        assert "mutation" not in document or "... on Refused" in document


def test_its_versions_are_exact_and_locked() -> None:
    package, locked = json.loads((CLIENT / "package.json").read_text()), LOCK["packages"]
    for name, version in {**package["dependencies"], **package["devDependencies"]}.items():
        assert locked[f"node_modules/{name}"]["version"] == version


def test_its_lock_names_no_registry() -> None:
    assert not [name for name, each in LOCK["packages"].items() if "resolved" in each]
