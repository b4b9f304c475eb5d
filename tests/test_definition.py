"""A read model is another one when its module says something else, or when what that takes from elsewhere does."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from projections import _definition
from projections._definition import definition

FILES = {
    "facts": '''
from shop.helpers import LIMIT, Money

@event("sold.v1")
class SoldV1:
    price: int
    def upcast(self): return Sold(price=self.price * FACTOR)

@event("sold")
class Sold:
    """Something was sold."""
    price: Money
    def claims(self):
        yield "once"

class Shop:
    def sell(self):
        if LIMIT: yield Sold(price=1)

FACTOR = 100
''',
    "helpers": '''
LIMIT = 7
Money = int

def rounded(value):
    """To tens."""
    return value // TEN * TEN

TEN = 10
''',
    "sales": """
from shop.facts import Shop, Sold
from shop.helpers import rounded

sales = read_model("sales")

@projection(sales)
def project(recorded):
    match recorded.fact:
        case Sold():
            yield _row(recorded)

def _row(recorded):
    return rounded(recorded.fact.price)

def sell(shop: Shop):
    return shop.sell()
""",
}

Define = Callable[..., str]


@pytest.fixture
def define(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Define]:
    """What the read model is defined by, with something else said in its files."""
    (tmp_path / "shop").mkdir()
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(_definition, "OURS", {"shop"})

    def define(*changes: tuple[str, str, str]) -> str:
        for name, text in FILES.items():
            for _, before, after in (change for change in changes if change[0] == name):
                assert before in text
                text = text.replace(before, after)  # noqa: PLW2901  # said otherwise
            (tmp_path / "shop" / f"{name}.py").write_text(text)
        forget()
        return definition("shop.sales", derives=False)

    def forget() -> None:
        _definition.bound.cache_clear()
        _definition.whole.cache_clear()

    yield define
    forget()


@pytest.mark.parametrize(
    ("file", "before", "after"),
    [
        ("sales", 'read_model("sales")', 'read_model("sales", 1)'),
        ("sales", "yield _row", "yield from _row"),
        ("sales", "fact.price)", "fact.price + 1)"),
        ("facts", "price: Money", "amount: Money"),
        ("facts", "self.price * FACTOR", "self.price"),
        ("facts", "FACTOR = 100", "FACTOR = 1000"),
        ("helpers", "value // TEN", "value / TEN"),
        ("helpers", "TEN = 10", "TEN = 5"),
        ("helpers", "Money = int", "Money = float"),
    ],
)
def test_whatever_a_row_is_made_of_defines_it(define: Define, file: str, before: str, after: str) -> None:
    assert define((file, before, after)) != define()


@pytest.mark.parametrize(
    ("file", "before", "after"),
    [
        ("facts", "Something was sold.", "A sale."),
        ("facts", 'yield "once"', 'yield "twice"'),
        ("facts", "if LIMIT: yield", "yield"),
        ("helpers", "LIMIT = 7", "LIMIT = 8"),
        ("helpers", "To tens.", "Rounded down."),
        ("sales", "def project(recorded):", "def project(recorded):  # purely"),
    ],
)
def test_prose_and_who_may_do_what_do_not(define: Define, file: str, before: str, after: str) -> None:
    assert define((file, before, after)) == define()


def test_what_is_derived_from_its_rows_defines_it_too(define: Define) -> None:
    plain = define()
    assert definition("shop.sales", derives=True) != plain
