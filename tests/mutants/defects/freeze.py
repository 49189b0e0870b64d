"""Executors that freeze or thaw wrongly."""

from __future__ import annotations

from tests.mutants.defect import Defect, Edit

_RUN, _FREEZER, _MOUNTS = "executor/run.py", "executor/freezer.py", "executor/mounts.py"

_PASS = "                pass\n"
_AFTER_THE_FREEZE = "            trouble = freezer.freeze(self._lifeline)\n"
_BEFORE_THE_THAW = "        began = now()\n        for trouble in freezer.thaw():\n"

DEFECTS = (
    Defect(
        name="freezes-nothing",
        breaks=("FRZ-01.freeze", "SNP-01.while-frozen"),
        edits=(Edit(_RUN, "        held = self._open_filesystems()\n", "        held = []\n"),),
        scenarios="test_application_consistent and data-ext4",
    ),
    Defect(
        name="thaws-as-soon-as-the-snapshot-is-asked-for",
        breaks=("FRZ-01.thaw", "SNP-01.while-frozen"),
        edits=(
            Edit(
                _RUN,
                "        warden.start(None)\n",
                "        warden.start(None)\n"
                "        if freezer is not None:\n"
                "            self._thaw(freezer)\n",
            ),
        ),
        scenarios="test_snapshot_takes_long",
    ),
    Defect(
        name="never-thaws",
        breaks=(
            "FRZ-01.thaw",
            "FRZ-03.snapshot-failed",
            "FRZ-03.snapshot-hangs",
            "FRZ-03.freeze-failed",
            "FRZ-03.killed",
            "FRZ-04.undo",
            "ROB-02.thawed",
        ),
        edits=(Edit(_FREEZER, "                thaw(self._held[index].descriptor)\n", _PASS),),
        scenarios="data-ext4 and (test_application_consistent or test_snapshot_fails"
        " or test_snapshot_hangs) or test_a_later_freeze_fails and two-disks"
        " or test_killed_at_a_call and freeze-2",
    ),
    Defect(
        name="knows-no-ext3",
        breaks=("FRZ-01.which",),
        edits=(
            Edit(
                _MOUNTS,
                'FREEZABLE = ("ext3", "ext4", "xfs", "btrfs")',
                'FREEZABLE = ("ext4", "xfs", "btrfs")',
            ),
        ),
        scenarios="test_filesystems_of_many_kinds",
    ),
    Defect(
        name="never-freezes-xfs",
        breaks=("FRZ-01.freeze", "SNP-01.while-frozen"),
        edits=(
            Edit(
                _MOUNTS,
                'FREEZABLE = ("ext3", "ext4", "xfs", "btrfs")',
                'FREEZABLE = ("ext3", "ext4", "btrfs")',
            ),
        ),
        scenarios="test_nested_disks",
        filesystems="xfs",
    ),
    Defect(
        name="never-freezes-btrfs",
        breaks=("FRZ-01.freeze", "SNP-01.while-frozen"),
        edits=(
            Edit(
                _MOUNTS,
                'FREEZABLE = ("ext3", "ext4", "xfs", "btrfs")',
                'FREEZABLE = ("ext3", "ext4", "xfs")',
            ),
        ),
        scenarios="test_nested_disks",
        filesystems="btrfs",
    ),
    Defect(
        name="freezes-ext2",
        breaks=("FRZ-01.ext2",),
        edits=(
            Edit(
                _MOUNTS,
                'FREEZABLE = ("ext3", "ext4", "xfs", "btrfs")',
                'FREEZABLE = ("ext2", "ext3", "ext4", "xfs", "btrfs")',
            ),
        ),
        scenarios="test_only_ext2",
    ),
    Defect(
        name="freezes-each-twice",
        breaks=("FRZ-01.once",),
        edits=(
            Edit(
                _FREEZER,
                "                freeze(held.descriptor)\n",
                "                freeze(held.descriptor)\n"
                "                with contextlib.suppress(OSError):\n"
                "                    freeze(held.descriptor)\n",
            ),
        ),
        scenarios="test_one_filesystem_with_several_mounts and ext4",
    ),
    Defect(
        name="freezes-the-outer-first",
        breaks=("FRZ-01.order",),
        edits=(Edit(_MOUNTS, "    return tuple(order)\n", "    return tuple(order[::-1])\n"),),
        scenarios="test_nested_disks",
    ),
    Defect(
        name="thaws-in-the-order-of-the-freeze",
        breaks=("FRZ-01.thaw-order",),
        edits=(Edit(_FREEZER, "self._frozen.pop()", "self._frozen.pop(0)"),),
        scenarios="test_nested_disks",
    ),
    Defect(
        name="nothing-to-freeze-is-no-freeze",
        breaks=("FRZ-01.nothing",),
        edits=(
            Edit(
                _RUN,
                "        if not held:\n            self._happen(FreezeDone())\n",
                "        if not held:\n            self._happen(FreezeOff())\n",
            ),
        ),
        scenarios="test_nothing_to_freeze or test_only_ext2",
    ),
    Defect(
        name="freezes-what-the-engine-bound",
        breaks=("FRZ-01.foreign",),
        edits=(
            Edit(_MOUNTS, '            return self.root == "/"\n', "            return True\n"),
            Edit(
                _MOUNTS,
                "    number = _block_number(mount.source)\n",
                "    number = _block_number(mount.source)\n    return True\n",
            ),
        ),
        scenarios="test_bound_from_the_machine",
    ),
    Defect(
        name="freezes-although-it-is-switched-off",
        breaks=("FRZ-02.none",),
        edits=(
            Edit(
                "contract/verdict.py",
                "        and effective_policy(policy, happenings).fsfreeze\n",
                "",
            ),
        ),
        scenarios="test_freeze_switched_off and data-ext4",
    ),
    Defect(
        name="stays-frozen-beyond-the-bound",
        breaks=("FRZ-03.bound", "SNP-02.bound"),
        edits=(
            Edit(
                _FREEZER,
                "+ self._bound - min(1.0, self._bound / 10)",
                "+ self._bound + 10",
            ),
            Edit(
                _FREEZER,
                "        self._until = now() + self._bound\n",
                "        self._until = now() + self._bound + 20\n",
            ),
        ),
        scenarios="test_snapshot_hangs and data-ext4",
    ),
    Defect(
        name="goes-on-after-a-freeze-that-failed",
        breaks=("FRZ-04.undo", "FRZ-04.level", "FRZ-04.error"),
        edits=(
            Edit(
                _FREEZER,
                "                    self._attempted = None\n                    self.thaw()\n",
                "                    self._attempted = None\n",
            ),
            Edit(_RUN, "            if trouble is None:\n", "            if True:\n"),
        ),
        scenarios="test_a_later_freeze_fails and two-disks",
    ),
    Defect(
        name="writes-its-log-while-frozen",
        breaks=("FRZ-05.writes",),
        edits=(
            Edit(
                _RUN,
                _AFTER_THE_FREEZE,
                f"{_AFTER_THE_FREEZE}            if os.fork() == 0:\n"
                "                with open('/var/log/executor.log', 'a') as log:\n"
                "                    log.write('frozen')\n"
                "                os._exit(0)\n",
            ),
        ),
        scenarios="test_logs_are_written_while_frozen and ext4",
    ),
    Defect(
        name="starts-a-program-of-a-frozen-root",
        breaks=("FRZ-05.programs",),
        edits=(
            Edit(
                _RUN,
                _BEFORE_THE_THAW,
                "        os.spawnv(os.P_WAIT, '/usr/bin/uname', ['uname'])\n" + _BEFORE_THE_THAW,
            ),
        ),
        scenarios="test_logs_are_written_while_frozen and ext4",
    ),
    Defect(
        name="does-not-care-who-thawed",
        breaks=("FRZ-06.level", "FRZ-06.error", "FRZ-06.status"),
        edits=(
            Edit(
                _RUN,
                '            self._happen(FreezeFailed("thaw", reason))\n',
                "",
            ),
        ),
        scenarios="test_thawed_by_somebody_else and data-ext4 and not it_fails",
    ),
    Defect(
        name="takes-a-foreign-freeze-for-its-own",
        breaks=("FRZ-07.failure",),
        edits=(
            Edit(
                _FREEZER,
                "                self._frozen.append(index)\n"
                "            except OSError as problem:\n"
                "                number = problem.errno\n",
                "                self._frozen.append(index)\n"
                "            except OSError as problem:\n"
                "                if problem.errno != errno.EBUSY:\n"
                "                    number = problem.errno\n",
            ),
        ),
        scenarios="test_frozen_by_somebody_else and ext4",
    ),
    Defect(
        name="thaws-what-it-could-not-freeze",
        breaks=("FRZ-07.not-thawed",),
        edits=(
            Edit(
                _FREEZER,
                "                self._frozen.append(index)\n"
                "            except OSError as problem:\n"
                "                number = problem.errno\n",
                "            except OSError as problem:\n"
                "                number = problem.errno\n"
                "            self._frozen.append(index)\n",
            ),
        ),
        scenarios="test_frozen_by_somebody_else and ext4",
    ),
)
