from __future__ import annotations

from datetime import timedelta
from time import sleep
from uuid import UUID

import jwt
import pytest

from identity import AUDIENCE, Identity

ANNA = UUID(int=7)
KEY = b"k" * 32
HOUR = timedelta(hours=1)
identity = Identity(KEY)


def test_a_token_stands_for_whom_it_was_made() -> None:
    assert identity.identify(f"Bearer {identity.token(ANNA)}") == ANNA
    assert identity.identify(f"bearer  {identity.token(ANNA)} ") == ANNA


def test_a_token_ends() -> None:
    assert identity.identify(f"Bearer {identity.token(ANNA, lifetime=-HOUR)}") is None


def test_another_servers_token_means_nothing() -> None:
    assert identity.identify(f"Bearer {Identity(b'o' * 32).token(ANNA)}") is None


@pytest.mark.parametrize(
    "claims",
    [
        {"sub": str(ANNA), "aud": "another", "exp": 9_999_999_999},
        {"sub": str(ANNA), "exp": 9_999_999_999},
        {"sub": str(ANNA), "aud": AUDIENCE},
        {"aud": AUDIENCE, "exp": 9_999_999_999},
        {"sub": "anna", "aud": AUDIENCE, "exp": 9_999_999_999},
    ],
)
def test_a_token_says_who_for_whom_and_until_when(claims: dict[str, object]) -> None:
    assert identity.identify(f"Bearer {jwt.encode(claims, KEY, 'HS256')}") is None


def test_a_token_that_nobody_signed_means_nothing() -> None:
    claims = {"sub": str(ANNA), "aud": AUDIENCE, "exp": 9_999_999_999}
    assert identity.identify(f"Bearer {jwt.encode(claims, '', 'none')}") is None


@pytest.mark.parametrize("header", [None, "", "Bearer", "Bearer ", "Basic YTpi", "Bearer é", "Bearer a.b.c"])
def test_whatever_else_is_said_stands_for_nobody(header: str | None) -> None:
    assert identity.identify(header) is None


def test_a_token_that_was_good_ends_all_the_same() -> None:
    header = f"Bearer {identity.token(ANNA, lifetime=timedelta(seconds=1))}"
    assert identity.identify(header) == ANNA
    sleep(1.1)
    assert identity.identify(header) is None
