"""`python3 -I executor.pyz` and `python3 -m harness.executor`."""

from __future__ import annotations

import sys

from .cli import main

sys.exit(main())
