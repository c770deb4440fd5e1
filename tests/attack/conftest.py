"""The attacks use the helpers of other folders."""

import sys
from pathlib import Path

TESTS = Path(__file__).parents[1]
sys.path += [str(TESTS.parent), *(str(TESTS / room) for room in ("end_to_end", "store"))]
