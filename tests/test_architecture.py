"""The rules of the codebase that a reviewer should not have to remember."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent


def test_dependencies_point_one_way() -> None:
    lint = [str(Path(sys.executable).parent / "lint-imports"), "--no-cache"]
    result = subprocess.run(lint, check=False, cwd=ROOT, capture_output=True, text=True)
    assert result.returncode == 0, result.stdout
