"""FILE-04, FILE-05, FILE-08: who may own and change the scripts, and what stands in their places.

The config says in each of these that a failure costs the backup.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from harness.contract.verdict import ScriptFinding
from harness.machines.files import GuestFile
from harness.oracles.terms import Due
from harness.scenario.case import Case
from harness.scenario.courses import ALL_WELL, NOT_FOUND, PERMISSION
from harness.scenario.given import Given, configured, script, scripts
from harness.scenario.given import named as named_script
from harness.scenario.places import (
    ACL_MASKED_SCRIPT,
    ACL_OPEN_FOLDER,
    ACL_OPEN_SCRIPT,
    SHORT,
    USER,
    block_device,
    character_device,
    circle,
    fifo,
    folder,
    link,
    socket,
)
from harness.targets.situation import POST_PATH, PRE_PATH

pytestmark = pytest.mark.guest("data")

MEANT = configured(continueBackupOnFailure=False)
PATHS = {"pre": PRE_PATH, "post": POST_PATH}
LINKED = {which: f"/opt/links/{which}.sh" for which in PATHS}


def named(pre: str = PRE_PATH, post: str = POST_PATH) -> dict[str, object]:
    """The config with the scripts named so."""
    return {**MEANT, "preScriptLocation": pre, "postScriptLocation": post}


def at(path: str, which: str) -> GuestFile:
    """A good script in another place."""
    return replace(script(which, "succeed"), path=path)


def linked(*places: GuestFile) -> Given:
    """Both scripts, named by links to them, and some files as they are said."""
    links = [link(path, PATHS[which]) for which, path in LINKED.items()]
    return Given(named(**LINKED), (*scripts(), *links, *places))


#: Which script, its mode and owner, the finding's reason and the clause that it breaks.
BAD_SCRIPTS = {
    **{
        f"{which}-{mode}": (which, mode, 0, "permissions", "FILE-04.mode")
        for which, mode in (
            ("pre", "0777"),
            ("post", "0755"),
            ("pre", "0740"),
            ("post", "0720"),
            ("pre", "0704"),
            ("post", "0710"),
            ("pre", "0702"),
            ("post", "0701"),
            ("pre", "0644"),
        )
    },
    **{
        f"{which}-{mode}": (which, mode, 0, "permissions", "FILE-04.narrow")
        for which, mode in (("pre", "0600"), ("post", "0500"), ("pre", "0300"), ("post", "0000"))
    },
    **{
        f"{which}-{mode}": (which, mode, 0, "special-bits", "FILE-04.special-bits")
        for which, mode in (("pre", "04700"), ("post", "02700"), ("pre", "01700"))
    },
    "pre-of-a-user": ("pre", "0700", USER, "owner", "FILE-04.owner"),
    "post-of-a-user": ("post", "0700", USER, "owner", "FILE-04.owner"),
}


@pytest.mark.parametrize(
    ("which", "mode", "uid", "reason", "clause"), BAD_SCRIPTS.values(), ids=BAD_SCRIPTS
)
def test_script_with_another_mode_or_owner(
    case: Case, which: str, mode: str, uid: int, reason: str, clause: str
) -> None:
    """Only root's 700 will do; else neither script runs."""
    bad = script(which, "succeed", mode=mode, uid=uid)
    run = case.backup(Given(MEANT, (*scripts(), bad)))
    run.expect_refused(ScriptFinding("precheck", PERMISSION[which], reason), clause)


@pytest.mark.parametrize("which", ["pre", "post"])
def test_script_opened_by_an_access_control_list(case: Case, which: str) -> None:
    """stat shows the list's mask as the group's bits: 770 is refused."""
    bad = replace(script(which, "succeed"), acl=ACL_OPEN_SCRIPT)
    run = case.backup(Given(MEANT, (*scripts(), bad)))
    run.expect_refused(ScriptFinding("precheck", PERMISSION[which], "permissions"), "FILE-04.acl")


def test_script_with_an_empty_mask(case: Case) -> None:
    """An access-control list whose mask allows nothing shows as 700: both scripts run."""
    files = [replace(script(which, "succeed"), acl=ACL_MASKED_SCRIPT) for which in PATHS]
    run = case.backup(Given(MEANT, tuple(files)))
    finding = ScriptFinding("precheck", PERMISSION["pre"], "permissions")
    run.expect_taken("FILE-04.acl", unless=finding)


@pytest.mark.parametrize(("mode", "uid"), [("0755", 0), ("0700", USER)], ids=["0755", "of-a-user"])
def test_link_to_a_bad_script(case: Case, mode: str, uid: int) -> None:
    """The link belongs to root, the script behind it does not, or others may read it."""
    run = case.backup(linked(script("post", "succeed", mode=mode, uid=uid)))
    finding = ScriptFinding("precheck", PERMISSION["post"], "owner" if uid else "permissions")
    run.expect_refused(finding, "FILE-04.symlink")


SPECIAL = {
    "directory": lambda path: folder(path, "0700"),
    "pipe": lambda path: fifo(path, "0700"),
    "socket": lambda path: socket(path, "0700"),
    "null-device": lambda path: character_device(path, "0700"),
    "block-device": lambda path: block_device(path, "0700"),
}
#: Which script, what stands at its path, and why that is none.
NO_SCRIPTS = {
    **{
        f"{which}-{kind}": (which, SPECIAL[kind](PATHS[which]), "not-regular", "not-regular")
        for which, kind in (
            ("pre", "directory"),
            ("post", "directory"),
            ("pre", "pipe"),
            ("post", "pipe"),
            ("pre", "socket"),
            ("post", "null-device"),
            ("pre", "block-device"),
        )
    },
    **{
        f"{which}-{name}": (which, place(PATHS[which]), "absent", which)
        for which in PATHS
        for name, place in {
            "dangling": lambda path: link(path, "/opt/gone.sh"),
            "circle": circle,
        }.items()
    },
}


@pytest.mark.parametrize(("which", "file", "reason", "clause"), NO_SCRIPTS.values(), ids=NO_SCRIPTS)
def test_path_that_is_no_script(
    case: Case, which: str, file: GuestFile, reason: str, clause: str
) -> None:
    """What is no regular file, or a link to nowhere, is not found; neither script runs."""
    other = scripts(**{which: None})
    run = case.backup(Given(MEANT, (*other, file)), freeze_bound=SHORT)
    run.expect_refused(ScriptFinding("precheck", NOT_FOUND[which], reason), f"FILE-05.{clause}")


#: Which script, and a path at which there is nothing.
NOWHERE = {
    "no-folder": ("pre", "/opt/gone/pre.sh"),
    "file-for-a-folder": ("post", f"{POST_PATH}/post.sh"),
    "too-long-a-name": ("pre", f"/opt/scripts/{'x' * 300}"),
    "space-at-its-end": ("post", f"{POST_PATH} "),
    "another-case": ("pre", PRE_PATH.upper()),
}


@pytest.mark.parametrize(("which", "path"), NOWHERE.values(), ids=NOWHERE)
def test_path_at_which_there_is_nothing(case: Case, which: str, path: str) -> None:
    """Not found, whatever the reason, and never another file that looks like it."""
    run = case.backup(Given(named(**{which: path}), scripts()))
    run.expect_refused(ScriptFinding("precheck", NOT_FOUND[which], "absent"), f"FILE-05.{which}")


BAD_FOLDERS = {
    "0777": ((folder("/opt/scripts", "0777"),), "FILE-08.scripts"),
    "0775": ((folder("/opt/scripts", "0775"),), "FILE-08.scripts"),
    "0757": ((folder("/opt/scripts", "0757"),), "FILE-08.scripts"),
    "with-an-acl": ((folder("/opt/scripts", acl=ACL_OPEN_FOLDER),), "FILE-08.scripts"),
    "grandparent-0777": ((folder("/opt", "0777"),), "FILE-08.scripts"),
    "of-a-user": ((folder("/opt/scripts", uid=USER),), "FILE-08.scripts"),
    "sticky": ((folder("/opt/scripts", "01777"),), "FILE-08.sticky"),
}


@pytest.mark.parametrize(("unsafe", "clause"), BAD_FOLDERS.values(), ids=BAD_FOLDERS)
def test_script_in_a_folder_of_others(
    case: Case, unsafe: tuple[GuestFile, ...], clause: str
) -> None:
    """Whoever may write to the folder could swap the script: permission error, nothing runs."""
    run = case.backup(Given(MEANT, (*scripts(), *unsafe)))
    run.expect_refused(ScriptFinding("precheck", PERMISSION["pre"], "directory"), clause)


@pytest.mark.parametrize("place", ["/srv/open", "/tmp/scripts"], ids=["0777", "below-tmp"])
def test_post_script_in_a_folder_of_others(case: Case, place: str) -> None:
    """The pre-script is safe, the post-script could be swapped: neither runs."""
    unsafe = folder(place, "0777") if place == "/srv/open" else folder(place)
    config = named(post=f"{place}/post.sh")
    given = Given(config, (unsafe, script("pre", "succeed"), at(f"{place}/post.sh", "post")))
    finding = ScriptFinding("precheck", PERMISSION["post"], "directory")
    clause = "FILE-08.scripts" if place == "/srv/open" else "FILE-08.sticky"
    case.backup(given).expect_refused(finding, clause)


def test_links_into_a_folder_of_others(case: Case) -> None:
    """Links in a safe folder help nobody whose targets can be swapped."""
    run = case.backup(linked(folder("/opt/scripts", "0777")))
    finding = ScriptFinding("precheck", PERMISSION["pre"], "directory")
    run.expect_refused(finding, "FILE-08.scripts")


def test_linked_folder_of_others(case: Case) -> None:
    """/opt/current is a link to a release that anybody may write to."""
    release = (folder("/srv/release", "0777"), link("/opt/current", "/srv/release"))
    config = named(pre="/opt/current/pre.sh")
    pre = at("/srv/release/pre.sh", "pre")
    run = case.backup(Given(config, (*release, pre, script("post", "succeed"))))
    finding = ScriptFinding("precheck", PERMISSION["pre"], "directory")
    run.expect_refused(finding, "FILE-08.scripts")


LINKS = {
    "roots-folder": ((folder("/opt/links"),), "FILE-04.symlink"),
    "folder-of-others": ((folder("/opt/links", "0777", USER),), "FILE-08.links"),
    "a-users-links": (
        tuple(link(path, PATHS[which], uid=USER) for which, path in LINKED.items()),
        "FILE-08.links",
    ),
    "linked-twice": (
        (link("/opt/links/other.sh", PRE_PATH), link(LINKED["pre"], "other.sh")),
        "FILE-04.symlink",
    ),
}


@pytest.mark.parametrize(("places", "clause"), LINKS.values(), ids=LINKS)
def test_links_to_good_scripts(case: Case, places: tuple[GuestFile, ...], clause: str) -> None:
    """A link is judged by its target, wherever it lies; the resolved path is what runs."""
    run = case.backup(linked(*places))
    run.expect_taken(clause, unless=ScriptFinding("precheck", PERMISSION["pre"], "directory"))
    started = [mark.argv for which in PATHS for mark in run.history.starts(which)]
    run.check(
        "FILE-08.resolved",
        not any(path in argv for argv in started for path in LINKED.values()),
        expected=f"{PRE_PATH} and {POST_PATH} are started, not the links",
        observed="; ".join(" ".join(argv) for argv in started) or "nothing was started",
    )


def test_dots_in_a_path(case: Case) -> None:
    """/srv/current/.. is what lies above the folder that /srv/current links to, as for the kernel.

    The way there does not count: not the folder of others that it passes through.
    """
    way = (folder("/opt/scripts/release", "0777"), link("/srv/current", "/opt/scripts/release"))
    config = named(pre="/srv/current/../pre.sh", post="//opt/./scripts/release/..//post.sh")
    other = named_script("/srv/pre.sh", "impostor")
    run = case.backup(Given(config, (*scripts(), *way, other)))
    never = Due("FILE-08.resolved", "pre", "impostor", there=False)
    run.expect_where([never], *ALL_WELL)


@pytest.mark.parametrize("mode", ["0700", "03755"])
def test_script_in_a_folder_of_roots(case: Case, mode: str) -> None:
    """Where only root may write the sticky and the setgid bit do not matter."""
    run = case.backup(Given(MEANT, (*scripts(), folder("/opt/scripts", mode))))
    finding = ScriptFinding("precheck", PERMISSION["pre"], "directory")
    run.expect_taken("FILE-08.sticky" if mode == "03755" else "FILE-08.scripts", unless=finding)


def test_paths_that_a_shell_would_take_apart(case: Case) -> None:
    """Blanks, quotes, a substitution and a glob are parts of a path like any other."""
    places = {which: f"/opt/it's $(two) *words; ü/{which}.sh" for which in PATHS}
    case.backup(
        Given(named(**places), tuple(at(path, which) for which, path in places.items()))
    ).expect(*ALL_WELL)
