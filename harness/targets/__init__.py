"""Executors under test: the reference, and any command; and how one backup of theirs is recorded."""
