"""What goes wrong between the control plane and a machine; all are EngineProblems (exit 3)."""

from __future__ import annotations

from harness.problem import EngineProblem


class MachineGone(EngineProblem):
    """A host or guest ended, or its connection broke, while something was expected of it."""


class RequestFailed(EngineProblem):
    """The agent in a machine refused a request or failed at it; `ref` is its error code."""

    @property
    def code(self) -> str:
        """The wire's error code: "store-full", "unsafe-mount", "absent", ..."""
        return self.ref


class RequestTimedOut(EngineProblem):
    """The agent in a machine did not answer a request within its deadline."""


class UnsafeContainer(EngineProblem):
    """A container, or an image, would reach the engine's own machine; nothing was started in it."""
