"""A time axis: round instants within a window, and the words for them."""

from __future__ import annotations

import math
from dataclasses import dataclass

_STEPS = (1.0, 2.0, 5.0)
_MOST_TICKS = 10
_MOST_LABELS = 5


@dataclass(frozen=True)
class Tick:
    """A line of the grid; only a major one has its label shown where there is little room."""

    at: float
    label: str
    major: bool


def nice_ticks(start: float, end: float) -> tuple[Tick, ...]:
    """At most ten round instants within a window; labels in milliseconds where it is short."""
    span = end - start
    step = _nice_step(span / _MOST_TICKS)
    first = math.ceil(start / step - 1e-9)
    last = math.floor(end / step + 1e-9)
    numbers = range(first, last + 1)
    every = next((k for k in (1, 2, 5, 10) if sum(n % k == 0 for n in numbers) <= _MOST_LABELS), 10)
    small = max(abs(start), abs(end)) < 1.0
    return tuple(
        Tick(n * step, _tick_label(n * step, step, in_ms=small), n % every == 0) for n in numbers
    )


def _nice_step(least: float) -> float:
    power = 10.0 ** math.floor(math.log10(least))
    return next((s * power for s in _STEPS if s * power >= least * (1 - 1e-9)), 10 * power)


def _tick_label(at: float, step: float, *, in_ms: bool) -> str:
    if abs(at) < step / 2:
        return "0"
    if in_ms:
        digits = max(0, -math.floor(math.log10(step * 1000) + 1e-9))
        return f"{at * 1000:.{digits}f} ms"
    digits = max(0, -math.floor(math.log10(step) + 1e-9))
    return f"{at:.{digits}f} s"
