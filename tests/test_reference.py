"""The pages that are made from the code say what the code says."""

from __future__ import annotations

from pathlib import Path

import pytest

from operations.reference import pages


@pytest.mark.parametrize("path", pages(), ids=lambda path: path.name)
def test_a_page_is_as_the_code_makes_it(path: Path) -> None:
    assert path.read_text() == pages()[path], "Say: make reference"
