"""What goes wrong for a user: the thing, the place and the remedy, with an exit code of its own.

Problem (3)
├── UsageProblem (4)       wrong usage: a kit, an option, a file that the user gave
├── EngineProblem (3)      the engine, or a machine on it, is not there or broke
└── IncompleteProblem (2)  something that a verdict needs could not be run
"""

from __future__ import annotations


class Problem(Exception):
    """A failure that a person can mend; never shown with a traceback.

    `message` says what happened and where, `remedy` what to do next, `ref` is a rule or error id.
    """

    exit_code = 3

    def __init__(self, message: str, remedy: str, ref: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy
        self.ref = ref

    def __str__(self) -> str:
        ref = f" [{self.ref}]" if self.ref else ""
        return f"error: {self.message}{ref}\n  remedy: {self.remedy}"

    def __reduce__(self) -> tuple[type[Problem], tuple[str, str, str]]:
        # xdist workers send exceptions as pickles.
        return type(self), (self.message, self.remedy, self.ref)


class UsageProblem(Problem):
    """Wrong usage: nothing was run, nothing was changed."""

    exit_code = 4


class EngineProblem(Problem):
    """The engine or a machine on it failed; says nothing about the executor under test."""

    exit_code = 3


class IncompleteProblem(Problem):
    """A prerequisite is missing, so that no verdict can be given."""

    exit_code = 2
