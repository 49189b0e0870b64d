"""The error names: their spelling, and that each says what happened and what to do."""

from __future__ import annotations

import pytest

from harness.contract.clauses import CATALOGUE, RULES
from harness.contract.errors import DOCUMENTED, ERRORS, ErrorName, for_script

_OWN = {"FsFreezeFailed", "SnapshotFailed", "BackupInProgress"}


def test_the_ten_documented_names_are_spelt_as_documented() -> None:
    assert DOCUMENTED == (
        "Pre-ScriptExecutionFailed",
        "Post-ScriptExecutionFailed",
        "Pre-ScriptNotFound",
        "Post-ScriptNotFound",
        "IncorrectPluginhostFile",
        "IncorrectJSONConfigFile",
        "InsufficientPermissionforPre-Script",
        "InsufficientPermissionforPost-Script",
        "Pre-ScriptTimeout",
        "Post-ScriptTimeout",
    )


def test_three_names_are_our_own() -> None:
    assert set(ERRORS) - set(DOCUMENTED) == _OWN
    assert {name.value for name in ErrorName} == set(ERRORS)


@pytest.mark.parametrize("name", sorted(ERRORS))
def test_each_has_a_message_an_action_and_rules_that_exist(name: str) -> None:
    text = ERRORS[name]
    assert text.name.value == str(text.name) == name
    assert text.message.endswith(".")
    assert text.action.endswith(".")
    assert text.message != text.action
    assert text.rules
    assert set(text.rules) <= set(RULES)


@pytest.mark.parametrize("name", sorted(n for n in ERRORS if "Pre-" in n))
def test_pre_and_post_speak_of_their_own_script(name: str) -> None:
    twin = ERRORS[name.replace("Pre-", "Post-")]
    text = ERRORS[name]
    assert "post-script" not in text.message.lower()
    assert "post-script" in twin.message.lower()
    assert "pre-script" in text.message.lower()
    assert "pre-script" in text.action.lower()


@pytest.mark.parametrize("which", ["pre", "post"])
@pytest.mark.parametrize("kind", ["execution-failed", "not-found", "permission", "timeout"])
def test_for_script_finds_the_name_of_that_script(which: str, kind: str) -> None:
    name = for_script(which, kind).value
    assert which.capitalize() in name
    assert ERRORS[name].documented


def test_for_script_refuses_anything_else() -> None:
    with pytest.raises(KeyError):
        for_script("main", "timeout")


def test_the_names_stand_in_the_catalogue() -> None:
    assert tuple(q.text for q in CATALOGUE["PLG-01.names"].quotes) == DOCUMENTED
