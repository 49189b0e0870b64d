"""Kits whose application does not hold what it acknowledged, or is not let go (APP-01)."""

from __future__ import annotations

from tests.mutants.defect import Edit, KitDefect

SERVER = "bin/ledgerd"

DEFECTS = (
    KitDefect(
        name="kit-starts-only-where-it-was-stopped",
        breaks=("APP-01.starts", "APP-01.no-repair"),
        edits=(
            Edit(
                SERVER,
                old="    server = Server()\n",
                new='    lock = DATABASE.with_suffix(".lock")\n'
                "    if lock.exists():\n"
                '        print(f"ledgerd: {lock} is there: remove it by hand", file=sys.stderr)\n'
                "        return 1\n"
                "    lock.touch()\n"
                "    server = Server()\n",
            ),
            Edit(
                SERVER,
                old="        server.database.close()\n",
                new="        server.database.close()\n    lock.unlink()\n",
            ),
        ),
    ),
    KitDefect(
        name="kit-balances-that-do-not-add-up",
        breaks=("APP-01.verification",),
        edits=(Edit(SERVER, old="(change, account)\n", new="(change + side, account)\n"),),
    ),
    KitDefect(
        name="kit-acknowledges-what-it-never-wrote",
        breaks=("APP-01.acknowledged", "APP-01.prefix"),
        edits=(
            Edit(
                "bin/workload",
                old="        connection.ask(",
                new="        if number % 10:\n            connection.ask(",
            ),
        ),
    ),
    KitDefect(
        name="kit-holds-what-nobody-asked-for",
        breaks=("APP-01.none-after",),
        edits=(
            Edit(
                "bin/verify",
                old="    for transfer, sides, total in transfers:\n",
                new='    print("has ghost.1")\n    for transfer, sides, total in transfers:\n',
            ),
        ),
    ),
    KitDefect(
        name="kit-writes-half-a-transfer",
        breaks=("APP-01.whole",),
        edits=(
            Edit(
                SERVER,
                old="(0, giver, -amount), (1, taker, amount)):\n",
                new="(0, giver, -amount), (1, taker, amount)):\n"
                '                    if side and name.endswith("7"):\n'
                "                        break\n",
            ),
        ),
    ),
    KitDefect(
        name="kit-quiesces-nothing",
        breaks=("APP-01.stopped",),
        edits=(
            Edit(
                SERVER, old="            self._changed.wait_for(lambda: not self._token)\n", new=""
            ),
        ),
    ),
    KitDefect(
        name="kit-never-resumes",
        breaks=("APP-01.released",),
        edits=(Edit("post.sh", old='if "$ledgerctl" resume "$token"; then', new="if :; then"),),
    ),
)
