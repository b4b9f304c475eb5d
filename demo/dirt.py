"""What is wrong in the files of the demo, and what is made of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import Enum
from typing import NamedTuple

SPELLINGS = {"GTXPro": "GTX Pro", "technolgy": "technology", "Philipines": "Philippines"}


class Dirt(Enum):
    """A kind of dirt: what it is, and how it is read."""

    PRODUCT = "deals spell the product GTXPro, the price list GTX Pro", "read as GTX Pro"
    SECTOR = "accounts are in the sector technolgy", "read as technology"
    COUNTRY = "account is in the Philipines", "read as the Philippines"
    NO_ACCOUNT = "deals have no account", "opportunities without a customer"
    NO_ENGAGE_DATE = "deals in prospecting have no engage date", "assigned on the last day in the file"
    NO_CLOSE = "open deals have neither value nor close date", "left open"
    LOST_FOR_NOUGHT = "lost deals have a value of 0", "lost, without an amount"
    ALIKE = "open deals are like an earlier one but for their id", "kept: the id is what tells deals apart"
    STALE = "open deals are older than any deal ever was when it was closed", "left open"
    UNFOUNDED = "deals were engaged before the year in which their account was founded", "kept as they are"
    NO_DEALS = "agents have no deal", "hired, with targets, and without a payout"

    def __init__(self, what: str, made: str) -> None:
        self.what = what
        self.made = made


class Remark(NamedTuple):
    dirt: Dirt
    text: str


def spelt(said: str) -> str:
    """As it should be spelt."""
    return SPELLINGS.get(said, said)


def misspelt(dirt: Dirt, said: str) -> Iterator[Remark]:
    if said in SPELLINGS:
        yield Remark(dirt, f"The file says {said}.")


def of_one_deal(said: Mapping[str, str]) -> Iterator[Remark]:
    yield from misspelt(Dirt.PRODUCT, said["product"])
    if not said["account"]:
        yield Remark(Dirt.NO_ACCOUNT, "The file names no account.")
    if not said["engage_date"]:
        yield Remark(Dirt.NO_ENGAGE_DATE, "The file has no engage date; the last day in the file stands for it.")
    if not said["close_date"]:
        yield Remark(Dirt.NO_CLOSE, "The file has neither value nor close date.")
    if said["deal_stage"] == "Lost":
        yield Remark(Dirt.LOST_FOR_NOUGHT, "The file says 0; what is lost has no amount.")
