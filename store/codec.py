"""Facts as bytes: JSON by msgspec, checked against the type, with what is personal under the person's own key.

`{"number":"E-17","department_id":"…","personal":"<base64 of nonce and AES-256-GCM text>"}`
"""

from __future__ import annotations

import os
from base64 import b64encode
from binascii import a2b_base64
from collections.abc import Mapping
from functools import cache
from typing import Annotated, Any, get_args, get_origin, get_type_hints
from uuid import UUID

import msgspec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from eventsourcing.domain import DomainEventProtocol
from eventsourcing.persistence import JSONTranscoder, Mapper, StoredEvent
from eventsourcing.utils import resolve_topic

from domain._kernel import PERSONAL, Refused
from store.recorded import Happened

NONCE = 12

_json = msgspec.json.Encoder()


class PersonErased(Refused):
    code = "PERSON_ERASED"


@cache
def personal_fields(topic: str) -> frozenset[str]:
    """The fields of an event that are stored encrypted."""
    hints = get_type_hints(resolve_topic(topic), include_extras=True)
    return frozenset(
        name for name, hint in hints.items() if get_origin(hint) is Annotated and PERSONAL in get_args(hint)
    )


@cache
def _decoder(topic: str) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(resolve_topic(topic))


def encode(fact: Any, person: UUID, key: AESGCM | None) -> bytes:
    """What is stored of a fact. `key` is the person's, needed only if the fact says anything personal.

    Raises PersonErased if that is needed and there is none any more.
    """
    secret = personal_fields(fact.TOPIC)
    if not secret:
        return _json.encode(fact)
    if key is None:
        raise PersonErased("The personal data of this person is erased; nothing personal can be recorded.")
    told = msgspec.to_builtins(fact)
    hidden = _json.encode({name: told.pop(name) for name in sorted(secret)})
    nonce = os.urandom(NONCE)
    told["personal"] = b64encode(nonce + key.encrypt(nonce, hidden, _bound_to(fact.TOPIC, person))).decode()
    return _json.encode(told)


def decode(topic: str, data: bytes, person: UUID, key: AESGCM | None) -> Any:
    """The fact again, in its newest form; what is personal is None if the person's key is gone."""
    secret = personal_fields(topic)
    if not secret:
        fact = _decoder(topic).decode(data)
    else:
        told = msgspec.json.decode(data)
        sealed = a2b_base64(told.pop("personal"))
        if key is None:
            told |= dict.fromkeys(secret)
        else:
            told |= msgspec.json.decode(key.decrypt(sealed[:NONCE], sealed[NONCE:], _bound_to(topic, person)))
        fact = msgspec.convert(told, resolve_topic(topic))
    while hasattr(fact, "upcast"):
        fact = fact.upcast()
    return fact


def _bound_to(topic: str, person: UUID) -> bytes:
    """Sealed for this person and this kind of fact: moved elsewhere, it does not open."""
    return person.bytes + topic.encode()


class FactMapper(Mapper[UUID]):
    """The `eventsourcing` library's way in and out: its event stores and repositories work on our facts."""

    def __init__(self, keys: Mapping[UUID, AESGCM]) -> None:
        super().__init__(JSONTranscoder())
        self._keys = keys

    def to_stored_event(self, domain_event: DomainEventProtocol[UUID]) -> StoredEvent:
        assert isinstance(domain_event, Happened)
        stream_id, fact = domain_event.stream_id, domain_event.fact
        data = encode(fact, stream_id, self._keys.get(stream_id))
        return StoredEvent(stream_id, domain_event.version, fact.TOPIC, data)

    def to_domain_event(self, stored_event: StoredEvent) -> Happened:
        stream_id = stored_event.originator_id
        assert isinstance(stream_id, UUID)
        fact = decode(stored_event.topic, stored_event.state, stream_id, self._keys.get(stream_id))
        return Happened(stream_id=stream_id, version=stored_event.originator_version, fact=fact)
