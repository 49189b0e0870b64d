"""Executors under test: the reference, and any command; and the record of one backup."""
