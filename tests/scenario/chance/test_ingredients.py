"""The tables of what may be met, against the contract's own readers and the fixtures."""

from __future__ import annotations

from dataclasses import fields, replace

import pytest

from harness.contract.clauses import CATALOGUE
from harness.contract.config import ConfigProblem, parse_config
from harness.contract.permissions import (
    DirFacts,
    FileFacts,
    judge_config_file,
    judge_script,
)
from harness.contract.pluginhost import PluginHostProblem, parse_plugin_host
from harness.machines.files import GuestFile
from harness.scenario.chance import ingredients as tables
from harness.scenario.chance.circumstances import (
    PLAIN_PLACE,
    SUCCEEDS,
    Circumstances,
    ingredients,
    rests_on,
)
from harness.scenario.chance.draw import settled
from harness.scenario.chance.staging import given_of, triggers_of
from harness.scenario.given import configured
from harness.scenario.layouts import LAYOUTS
from harness.scenario.suite import fixture

_FOLDERS = (DirFacts("/", 0, 0o755),)


@pytest.mark.parametrize("content", tables.CONTENTS, ids=lambda content: content.words)
def test_each_content_is_what_it_says(content: tables.Content) -> None:
    config, _ = parse_config(content.text(configured(continueBackupOnFailure=False)))
    if content.reason:
        assert isinstance(config, ConfigProblem)
        assert config.reason == content.reason
    else:
        assert not isinstance(config, ConfigProblem)
        assert not config.continue_on_failure


@pytest.mark.parametrize("host", tables.PLUGIN_HOSTS, ids=lambda host: host.words)
def test_each_plugin_host_file_is_what_it_says(host: tables.PluginHost) -> None:
    found = parse_plugin_host(host.text)
    if host.reason and host.reason != "permissions":
        assert isinstance(found, PluginHostProblem)
        assert found.reason == host.reason
    else:
        assert not isinstance(found, PluginHostProblem)


@pytest.mark.parametrize("which", ["pre", "post"])
def test_each_mode_of_a_script_is_judged_as_it_says(which: str) -> None:
    for mode in range(0o10000):
        fault = tables.script_mode(mode)
        finding = judge_script(which, FileFacts("/s", mode=mode, directories=_FOLDERS))
        assert mode == 0o700 or (finding is not None and finding.reason == fault.reason)


def test_each_mode_of_a_config_is_judged_as_it_says() -> None:
    for mode in range(0o1000):
        fault = tables.config_mode(mode)
        facts = FileFacts("/c", mode=mode, directories=_FOLDERS)
        loose = judge_config_file(facts, strict=False)
        assert (loose is None) == (mode == 0o600 or fault.reason == "narrow")
        assert mode == 0o600 or judge_config_file(facts) is not None


def test_what_an_ingredient_rests_on_is_in_the_catalogue() -> None:
    every = (
        *tables.PLACES,
        *tables.BEHAVIOURS,
        *tables.SCRIPT_FAULTS,
        *tables.CONFIG_FAULTS,
        *tables.CONTENTS,
        *tables.PLUGIN_HOSTS,
        *tables.CHANGES,
        *tables.MEDDLINGS,
    )
    clauses = [clause for value in every for clause in rests_on(value)]
    clauses += [clause for needed in tables.PARAMETERS.values() for clause in needed]
    clauses += [*tables.LEFT_OUT.values(), *tables.OPEN_FOLDER]
    assert [clause for clause in clauses if clause not in CATALOGUE] == []
    # What a source speaks of may always be drawn; so only what binds nobody else needs naming.
    assert {CATALOGUE[clause].basis for clause in clauses} == {"project"}


def test_a_finding_of_the_projects_own_rests_on_its_clause() -> None:
    own = {
        "narrow": ("FILE-03.narrow",),
        "regular": ("FILE-03.regular",),
        "dangling": ("FILE-02.dangling",),
    }
    for fault in (*tables.CONFIG_FAULTS, *map(tables.config_mode, range(0o777))):
        assert rests_on(fault) == own.get(fault.reason, ())
    for content in tables.CONTENTS:
        if content.reason not in ("", "json", "missing-key"):
            assert rests_on(content) == (f"CFG-03.{content.reason}",)


def test_every_place_and_fixture_is_there() -> None:
    for place in (PLAIN_PLACE, *tables.PLACES):
        layout = LAYOUTS[place.layout]("ext4")
        assert layout.single_disk == place.single_disk
        mounted = [disk for disk in layout.disks if disk.mountpoint == "/data"]
        assert not place.data or mounted
    for behaviour in (SUCCEEDS, *tables.BEHAVIOURS):
        assert fixture(f"scripts/{behaviour.fixture}.sh")


def test_each_ingredient_is_told_in_words() -> None:
    plain = Circumstances()
    assert str(plain) == "a plain run: one disk, and all goes well"
    unplain = Circumstances(
        place=tables.PLACES[0],
        configured=False,
        plugin_host=tables.PLUGIN_HOSTS[0],
        config_file=tables.CONFIG_FAULTS[0],
        content=tables.CONTENTS[0],
        go_on=False,
        fsfreeze=None,
        pre_file=tables.SCRIPT_FAULTS[0],
        post_file=tables.SCRIPT_FAULTS[1],
        open_folder=True,
        pre=tables.FAILS,
        pre_retries=1,
        post=tables.BEHAVIOURS[1],
        post_retries=2,
        parameters=("", ""),
        change=tables.CHANGES[0],
        meddling=tables.MEDDLINGS[0],
        snapshot="hang",
        filesystem="xfs",
    )
    assert len(ingredients(unplain)) == len(fields(Circumstances))
    said = str(unplain).split("; ")
    assert len(said) == len(fields(Circumstances))
    for name in ingredients(unplain):
        alone = replace(plain, **{name: getattr(unplain, name)})
        assert str(alone) in said


def test_a_situation_becomes_files_and_triggers() -> None:
    met = settled(
        Circumstances(
            go_on=False,
            fsfreeze=None,
            pre=tables.BEHAVIOURS[1],
            pre_retries=2,
            parameters=("one",),
            change=tables.CHANGES[1],
        )
    )
    given = given_of(met)
    assert given.setting("continueBackupOnFailure", None) is False
    assert given.setting("fsFreezeEnabled", "left out") == "left out"
    assert given.arguments() == {"pre": ("2", "2", "2", "one"), "post": ("one",)}
    assert given.setting("preScriptNoOfRetries", 0) == 2
    (trigger,) = triggers_of(met)
    assert trigger["when"] == {"mark": ["pre", "start"]}
    assert trigger["do"][0]["put"][0]["mode"] == "0755"
    assert given_of(replace(met, configured=False)).config is None


def test_a_fault_stands_in_the_place_of_the_good_file() -> None:
    good = GuestFile("/opt/pre", content=b"#!/bin/sh\n", mode="0700")
    placed = {f.words: f.instead_of(good) for f in tables.SCRIPT_FAULTS}
    assert {file.path for file in placed.values()} == {"/opt/pre"}
    assert placed["belongs to a user"] == replace(good, uid=1000)
    assert placed["is a named pipe"].content == b""
    assert placed["is a link to nowhere"].target == "/opt/gone"
    assert tables.script_mode(0o4711).instead_of(good) == replace(good, mode="4711")
