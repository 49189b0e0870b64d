"""Kits that must fail: each in fixtures/bad-kits, with the level and the clauses that find it."""
