"""What a run left to be read (RUN-08): its log, its outcome, and the files that are new or changed.

An executor keeps a script's output where it likes, in lines or paragraphs as it likes; so words are
sought, not texts, and wherever a person could find them afterwards.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from harness.history import GuestState
from harness.machines.guest import Guest

#: How much of the end of each file is searched, in bytes.
_SEARCHED = 1 << 20


def words_left(
    sought: Sequence[str],
    guest: Guest,
    before: GuestState,
    after: GuestState,
    texts: Sequence[bytes],
) -> tuple[str, ...]:
    """Those of the words that stand in the texts, or in a file that the run made or changed."""
    if not sought:
        return ()
    files = (guest.read(path, limit=_SEARCHED, tail=True) for path in written(before, after))
    found = b"\n".join((*texts, *(content for content in files if content)))
    return tuple(word for word in sought if word.encode() in found)


def written(before: GuestState, after: GuestState) -> Iterator[str]:
    """Regular files with something in them that were not there before, or not as they are now."""
    for path, facts in sorted(after.files.items()):
        if facts.startswith("-") and not facts.endswith(" 0") and before.files.get(path) != facts:
            yield path
