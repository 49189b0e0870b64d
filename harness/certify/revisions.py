"""What version control says has changed in a kit's folder since a revision."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from harness.problem import UsageProblem

_REF = "changed-since"
_DEADLINE = 60.0


def paths_since(revision: str, folder: Path) -> tuple[str, ...]:
    """Paths in the folder that differ from the revision, or are not tracked, in order.

    It counts from where the present branch left the revision's, where that is known: what others
    did since then on theirs is no change of this one. Raises UsageProblem where git can't tell.
    """
    commit = _git(folder, "rev-parse", "--verify", "--quiet", "--end-of-options",
                  f"{revision}^{{commit}}")  # fmt: skip
    if commit is None:
        raise UsageProblem(
            f"git knows no revision {revision!r} for {folder}",
            "name a branch, tag or commit of the kit's repository; a shallow clone must fetch it "
            "first (git fetch, or fetch-depth: 0)",
            _REF,
        )
    start = _git(folder, "merge-base", commit.strip(), "HEAD") or commit
    differing = _git(folder, "diff", "--name-only", "--no-renames", "--relative", "-z",
                     start.strip(), "--", ".")  # fmt: skip
    untracked = _git(folder, "ls-files", "--others", "--exclude-standard", "-z", "--", ".")
    if differing is None or untracked is None:
        raise UsageProblem(
            f"git can't tell what changed in {folder} since {revision}",
            "run `git status` there and mend what it says",
            _REF,
        )
    names = {name for text in (differing, untracked) for name in text.split("\0") if name}
    return tuple(sorted(name for name in names if _of_kit(name)))


def _of_kit(name: str) -> bool:
    """Hidden files and byte code are no part of a kit."""
    return not any(
        part.startswith(".") or part == "__pycache__" for part in PurePosixPath(name).parts
    )


def _git(folder: Path, *arguments: str) -> str | None:
    """What git prints; None where it fails."""
    command: Sequence[str] = ("git", "-C", str(folder), *arguments)
    try:
        done = subprocess.run(command, capture_output=True, check=False, timeout=_DEADLINE)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise UsageProblem(
            f"git can't be run: {error}", "install git, or leave --changed-since away", _REF
        ) from error
    return done.stdout.decode("utf-8", "surrogateescape") if done.returncode == 0 else None
