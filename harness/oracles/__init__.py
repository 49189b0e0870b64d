"""Oracles: pure functions over one History. `judge` runs all that apply."""

from harness.oracles.judge import failures, judge
from harness.oracles.terms import Due, ScriptTerms, Terms

__all__ = ["Due", "ScriptTerms", "Terms", "failures", "judge"]
