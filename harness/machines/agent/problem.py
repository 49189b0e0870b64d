"""What a request answers when it can't do what it was asked for."""

from __future__ import annotations


class AgentProblem(Exception):
    """An answer with an error: `code` of `wire.Code`, what happened and where, what to do next."""

    def __init__(self, code: str, message: str, remedy: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.remedy = remedy
