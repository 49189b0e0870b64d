"""Broken executors and kits, each of which the suite must notice at the clause that it breaks."""
