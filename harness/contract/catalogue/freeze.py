"""FRZ and SNP: the freeze, the snapshot set, and that nothing ever stays frozen."""

from __future__ import annotations

from . import words
from .model import Clause, project, seed

_FROZEN = "The machine hangs with a frozen filesystem until somebody resets it."
_TORN = "The snapshot is weaker than what it is sold as: false consistency."

CLAUSES: tuple[Clause, ...] = (
    seed(
        "FRZ-01.freeze",
        "With fsFreezeEnabled true the guest's filesystems are frozen before the snapshot.",
        _TORN,
        words.FSFREEZE,
    ),
    seed("FRZ-01.thaw", "They are thawed after it.", _FROZEN, words.FSFREEZE),
    project(
        "FRZ-01.which",
        "Every mounted writable ext3, ext4, xfs and btrfs on a block device of the guest is "
        "frozen.",
        _TORN,
    ),
    project(
        "FRZ-01.once",
        "Each filesystem is frozen once, however often it is mounted.",
        "The second freeze fails and the backup falls back without need.",
    ),
    project(
        "FRZ-01.order",
        "Nested mounts are frozen before what they are mounted on, root last.",
        "The freeze of the inner filesystem waits for the outer one, which is frozen: deadlock.",
    ),
    project(
        "FRZ-01.thaw-order",
        "The thaw goes in the reverse order.",
        "A thaw waits for a filesystem that is still frozen.",
    ),
    project(
        "FRZ-01.ext2",
        "ext2 is never frozen.",
        "The freeze of a filesystem that has no journal counts as protection.",
    ),
    project(
        "FRZ-01.optional",
        "Overmounted filesystems, and a btrfs subvolume beside its own filesystem, need not be "
        "frozen again.",
        "None: both are allowed.",
        unseen="it allows both behaviours, so that nothing can break it",
    ),
    project(
        "FRZ-01.nothing",
        "Where there is nothing to freeze, all of it counts as frozen.",
        "A machine without such filesystems never gets the level that is its due.",
    ),
    project(
        "FRZ-01.foreign",
        "Bind mounts of single files or folders whose filesystem is not the guest's own are never "
        "touched.",
        "A backup in a container freezes the machine that carries it.",
    ),
    seed(
        "FRZ-02.none",
        "With fsFreezeEnabled false nothing is frozen.",
        "An application that can't bear a freeze is stopped by its backup.",
        words.FSFREEZE,
    ),
    project(
        "FRZ-03.snapshot-failed",
        "Nothing stays frozen after a failed snapshot.",
        _FROZEN,
    ),
    project("FRZ-03.snapshot-hangs", "Nothing stays frozen while a snapshot hangs.", _FROZEN),
    project(
        "FRZ-03.freeze-failed",
        "Nothing stays frozen where the freeze of a later mount fails.",
        _FROZEN,
    ),
    project(
        "FRZ-03.killed",
        "Nothing stays frozen where the executor's main process is killed, SIGKILL included, at "
        "any instant.",
        _FROZEN,
    ),
    project(
        "FRZ-03.bound",
        "From the first freeze to the last thaw it takes at most 60 s; a shorter bound in "
        "SNAPCERT_FREEZE_BOUND may be heeded or ignored.",
        "Writers are blocked for so long that the cluster takes the machine for dead.",
    ),
    project("FRZ-04.undo", "A freeze that fails undoes what it froze.", _FROZEN),
    project(
        "FRZ-04.level",
        "After a freeze failure the backup is at most crash consistent.",
        _TORN,
    ),
    project(
        "FRZ-04.error",
        "The error is FsFreezeFailed.",
        "The level drops and nobody is told why.",
    ),
    project(
        "FRZ-05.writes",
        "While anything is frozen the executor writes to none of the frozen filesystems: no log, "
        "status, journal or temporary file.",
        "The executor blocks on its own log, with nobody left to thaw.",
    ),
    project(
        "FRZ-05.programs",
        "While anything is frozen the executor starts no program from a filesystem whose access "
        "times would have to be written.",
        "The executor blocks on starting the very program that would thaw.",
    ),
    project(
        "FRZ-06.level",
        "Where somebody else thaws before the snapshot command returned, the backup is at most "
        "crash consistent.",
        _TORN,
    ),
    project("FRZ-06.error", "The error is FsFreezeFailed.", _TORN),
    project(
        "FRZ-06.status",
        "With continueBackupOnFailure false such a run has failed.",
        "A person who asked for no weaker backup gets one.",
    ),
    project(
        "FRZ-06.with-failed-snapshot",
        "Where the snapshot fails as well, SnapshotFailed alone is enough.",
        "None: both are allowed.",
        unseen="it allows both behaviours, so that nothing can break it",
    ),
    project(
        "FRZ-07.failure",
        "A filesystem that somebody else has frozen is a freeze failure.",
        "The other one thaws in the middle of the snapshot: false consistency.",
    ),
    project(
        "FRZ-07.not-thawed",
        "The executor does not thaw what somebody else froze.",
        "Another backup of the same machine is torn without being told.",
    ),
    seed(
        "SNP-01.one",
        "A run that goes on to the snapshot asks for exactly one set.",
        "The set that is kept is not the one that the scripts protected.",
        words.DURING_SNAPSHOT,
        words.BEFORE_AND_AFTER,
    ),
    seed(
        "SNP-01.while-frozen",
        "The set is asked for while everything that is to be frozen is frozen.",
        _TORN,
        words.FSFREEZE,
    ),
    seed(
        "SNP-01.all-disks",
        "The set holds all disks of the guest.",
        "A restored application lacks a part of its data.",
        words.DURING_SNAPSHOT,
        unseen="the host takes the set, of all disks at once; an executor has no say in it",
    ),
    project(
        "SNP-02.thaw",
        "A failed snapshot, or one that has not returned when FRZ-03's bound is over, makes the "
        "executor thaw.",
        _FROZEN,
    ),
    project(
        "SNP-02.thaw-first",
        "It thaws first and ends the command's process tree after that.",
        "Writers stay blocked while the executor waits for a command that hangs.",
    ),
    project(
        "SNP-02.tree",
        "The command's whole process tree is ended.",
        "A hanging snapshot goes on in the background and piles up.",
    ),
    project(
        "SNP-02.bound",
        "The bound counts from the first freeze, and where nothing was frozen from the request; an "
        "executor may stop a second, or a tenth of the bound, earlier.",
        "A hanging snapshot stops all backups of the machine and keeps the application quiesced.",
    ),
    project("SNP-02.post", "The post-script is run.", "The application stays quiesced."),
    project(
        "SNP-02.verdict",
        "The run has failed, its consistency is none.",
        "A backup that does not exist is trusted.",
    ),
    project("SNP-02.error", "The error is SnapshotFailed.", "Nobody is told why it failed."),
)
