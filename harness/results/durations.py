"""How long one run took away from the guest: seconds of a history. Pure."""

from __future__ import annotations

from harness.history import History


def freeze_of(history: History) -> float | None:
    """Seconds from the first sample of a freeze to the last; None where nothing was frozen."""
    if not history.freezes:
        return None
    return max(f.last for f in history.freezes) - min(f.first for f in history.freezes)


def quiesce_of(history: History) -> float | None:
    """Seconds from the first start of the pre-script to the last end of the post-script.

    None where either did not run, or the post-script outlived the record.
    """
    starts = [run.started for run in history.script_runs if run.script == "pre"]
    ends = [run.ended for run in history.script_runs if run.script == "post"]
    known = [end for end in ends if end is not None]
    if not starts or not known or len(known) < len(ends):
        return None
    return max(known) - min(starts)
