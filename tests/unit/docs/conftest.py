"""The database servers of tests/sources serve here too."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[2] / "sources"))
