"""Where a benchmark keeps its databases and peers, its results, and the pages that it writes of them.

With BENCH_FOLDER everything is there and nothing of it in the repository: for a look that is not to be published.
"""

from __future__ import annotations

import os
from pathlib import Path

ROOT = Path(__file__).parent.parent
_PRIVATE = os.environ.get("BENCH_FOLDER")

FOLDER = Path(_PRIVATE).absolute() if _PRIVATE else ROOT / "data" / "bench"
RESULTS = FOLDER / "results" if _PRIVATE else ROOT / "bench" / "results"
PAGES = FOLDER if _PRIVATE else ROOT / "docs"
