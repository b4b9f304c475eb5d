"""Documents in plain words, parsed without remembering where everything stands.

Most documents are names, punctuation, numbers and short texts. graphql-core makes several objects of each word, linked
in both directions, to tell where a mistake is: they take longer than all else that is done with a valid document, and
only the garbage collector can free them. Here the same nodes are made of a list of words. Whatever is not in plain
words, or has a mistake, is graphql-core's to parse, and so is whatever has to be told where it is.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import MISSING
from dataclasses import fields as dataclass_fields
from functools import cache, lru_cache
from typing import Any, TypeVar

from graphql import (
    ArgumentNode,
    BooleanValueNode,
    DirectiveNode,
    DocumentNode,
    EnumValueNode,
    FieldNode,
    FloatValueNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    IntValueNode,
    ListTypeNode,
    ListValueNode,
    NamedTypeNode,
    NameNode,
    Node,
    NonNullTypeNode,
    NullValueNode,
    ObjectFieldNode,
    ObjectValueNode,
    OperationDefinitionNode,
    OperationType,
    SelectionNode,
    SelectionSetNode,
    StringValueNode,
    ValueNode,
    VariableDefinitionNode,
    VariableNode,
)

from schema._limits import MOST_TOKENS

N = TypeVar("N", bound=Node)

LONGEST = 8_000
"""Characters; whoever sends more has time."""

KNOWN = 2_000
"""Names whose nodes are remembered: most documents ask for the same fields."""

DEEPEST = 60
"""Brackets within brackets."""

_WORDS = re.compile(
    r"[ \t\n\r,]*(?:"
    r"([A-Za-z_][A-Za-z0-9_]*)"  # a name
    r"|(\.\.\.|[!$()\[\]{}:=@])"
    r'|("[^"\\\x00-\x1f\x7f-\U0010ffff]*"(?!"))'
    r"|(-?(?:0|[1-9][0-9]*)(?![0-9A-Za-z_.]))"
    r"|(-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?(?![0-9A-Za-z_.]))"
    r"|(.))",
    re.DOTALL,
)
OPERATIONS = {each.value: each for each in OperationType}
CONSTANTS: dict[str, Callable[[], ValueNode]] = {
    "true": lambda: _made(BooleanValueNode, value=True),
    "false": lambda: _made(BooleanValueNode, value=False),
    "null": lambda: _made(NullValueNode),
}


class NotPlain(Exception):
    """Not for this parser."""


def plainly_parsed(text: str) -> DocumentNode | None:
    """The document, without locations; None if it is not in plain words."""
    if len(text) > LONGEST:
        return None
    try:
        return _Words(text.rstrip(" \t\n\r,")).document()
    except NotPlain:
        return None


@cache
def _nothing(kind: type[Node]) -> dict[str, Any]:
    return {each.name: None if each.default is MISSING else each.default for each in dataclass_fields(kind)}


def _made(kind: type[N], **given: Any) -> N:
    """A node. Its own way to be made sets each member by a call, for being frozen; that would take most of the time."""
    node = kind.__new__(kind)
    node.__dict__.update(_nothing(kind), **given)  # type: ignore[arg-type]  # types can be hashed
    return node


@lru_cache(KNOWN)
def _named(word: str) -> NameNode:
    return _made(NameNode, value=word)


@lru_cache(KNOWN)
def _value_named(word: str) -> FieldNode:
    return _made(FieldNode, name=_named(word))


class _Words:
    """The words of a document, each a tuple of six of which one is not empty, and where we are."""

    def __init__(self, text: str) -> None:
        self._words = _WORDS.findall(text)
        if len(self._words) > MOST_TOKENS:
            raise NotPlain
        self._words.append(("", "", "", "", "", ""))
        self._at = self._depth = 0

    # ── Words ──

    def _is(self, punctuation: str) -> bool:
        """Whether this comes next; then it is behind us."""
        if self._words[self._at][1] == punctuation:
            self._at += 1
            return True
        return False

    def _expect(self, punctuation: str) -> None:
        if not self._is(punctuation):
            raise NotPlain

    def _word(self) -> str:
        found: str = self._words[self._at][0]
        if not found:
            raise NotPlain
        self._at += 1
        return found

    def _name(self) -> NameNode:
        return _named(self._word())

    def _several(self, one: Callable[[], N], end: str) -> tuple[N, ...]:
        """At least one, up to the bracket that closes."""
        self._depth += 1
        if self._depth > DEEPEST:
            raise NotPlain
        found = [one()]
        while not self._is(end):
            found.append(one())
        self._depth -= 1
        return tuple(found)

    # ── Definitions ──

    def document(self) -> DocumentNode:
        found = [self._definition()]
        while self._at < len(self._words) - 1:
            found.append(self._definition())
        return _made(DocumentNode, definitions=tuple(found), token_count=len(self._words) - 1)

    def _definition(self) -> OperationDefinitionNode | FragmentDefinitionNode:
        if self._words[self._at][1] == "{":
            return _made(OperationDefinitionNode, operation=OperationType.QUERY, selection_set=self._selections())
        word = self._word()
        if word == "fragment":
            name = self._name()
            if name.value == "on" or self._word() != "on":
                raise NotPlain
            type_ = self._named_type()
            directives = self._directives()
            return _made(
                FragmentDefinitionNode,
                name=name,
                variable_definitions=(),
                type_condition=type_,
                directives=directives,
                selection_set=self._selections(),
            )
        if word not in OPERATIONS:
            raise NotPlain
        return _made(
            OperationDefinitionNode,
            operation=OPERATIONS[word],
            name=self._name() if self._words[self._at][0] else None,
            variable_definitions=self._several(self._variable_definition, ")") if self._is("(") else None,
            directives=self._directives(),
            selection_set=self._selections(),
        )

    def _variable_definition(self) -> VariableDefinitionNode:
        self._expect("$")
        variable = _made(VariableNode, name=self._name())
        self._expect(":")
        return _made(
            VariableDefinitionNode,
            variable=variable,
            type=self._type(),
            default_value=self._value() if self._is("=") else None,
            directives=self._directives(),
        )

    def _type(self) -> Any:
        found: Any
        if self._is("["):
            found = _made(ListTypeNode, type=self._several(self._type, "]"))
            if len(found.type) != 1:
                raise NotPlain
            found = _made(ListTypeNode, type=found.type[0])
        else:
            found = self._named_type()
        return _made(NonNullTypeNode, type=found) if self._is("!") else found

    def _named_type(self) -> NamedTypeNode:
        return _made(NamedTypeNode, name=self._name())

    # ── Selections ──

    def _selections(self) -> SelectionSetNode:
        self._expect("{")
        return _made(SelectionSetNode, selections=self._several(self._selection, "}"))

    def _selection(self) -> SelectionNode:
        if self._is("..."):
            return self._fragment()
        word, alias = self._word(), None
        if self._words[self._at][1] == ":":
            self._at += 1
            word, alias = self._word(), _made(NameNode, value=word)
        following = self._words[self._at][1]
        if not following or following in "}.":  # a value, as most are
            return _made(FieldNode, name=_named(word), alias=alias) if alias else _value_named(word)
        name = _named(word)
        return _made(
            FieldNode,
            name=name,
            alias=alias,
            arguments=self._arguments(),
            directives=self._directives(),
            selection_set=self._selections() if self._words[self._at][1] == "{" else None,
        )

    def _fragment(self) -> SelectionNode:
        word = self._words[self._at][0]
        if word and word != "on":
            return _made(FragmentSpreadNode, name=self._name(), directives=self._directives())
        condition = None
        if word:
            self._at += 1
            condition = self._named_type()
        directives = self._directives()
        return _made(
            InlineFragmentNode, type_condition=condition, directives=directives, selection_set=self._selections()
        )

    # ── Arguments ──

    def _arguments(self) -> tuple[ArgumentNode, ...] | None:
        return self._several(self._argument, ")") if self._is("(") else None

    def _argument(self) -> ArgumentNode:
        name = self._name()
        self._expect(":")
        return _made(ArgumentNode, name=name, value=self._value())

    def _directives(self) -> tuple[DirectiveNode, ...] | None:
        found = []
        while self._is("@"):
            found.append(_made(DirectiveNode, name=self._name(), arguments=self._arguments()))
        return tuple(found) or None

    def _value(self) -> ValueNode:
        name, punctuation, text, whole, number, _ = self._words[self._at]
        self._at += 1
        if name:
            return CONSTANTS[name]() if name in CONSTANTS else _made(EnumValueNode, value=name)
        if text:
            return _made(StringValueNode, value=text[1:-1], block=False)
        if whole or number:
            return _made(IntValueNode, value=whole) if whole else _made(FloatValueNode, value=number)
        if punctuation == "$":
            return _made(VariableNode, name=self._name())
        if punctuation == "[":
            return _made(ListValueNode, values=() if self._is("]") else self._several(self._value, "]"))
        if punctuation == "{":
            return _made(ObjectValueNode, fields=() if self._is("}") else self._several(self._member, "}"))
        raise NotPlain

    def _member(self) -> ObjectFieldNode:
        name = self._name()
        self._expect(":")
        return _made(ObjectFieldNode, name=name, value=self._value())
