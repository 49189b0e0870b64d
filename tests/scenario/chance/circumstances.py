"""Circumstances of every kind, for properties: built from the same tables, by Hypothesis."""

from __future__ import annotations

from hypothesis import strategies as st

from harness.scenario.chance import ingredients as tables
from harness.scenario.chance.circumstances import PLAIN_PLACE, SUCCEEDS, Circumstances
from harness.scenario.chance.draw import settled

_retries = st.integers(0, 2)
_policy = st.sampled_from([True, False, None])
_behaviours = st.sampled_from([SUCCEEDS, *tables.BEHAVIOURS])
_script_faults = (
    st.none()
    | st.sampled_from(tables.SCRIPT_FAULTS)
    | st.integers(0, 0o7777).filter(lambda mode: mode != 0o700).map(tables.script_mode)
)
_config_faults = (
    st.none()
    | st.sampled_from(tables.CONFIG_FAULTS)
    | st.integers(0, 0o777).filter(lambda mode: mode != 0o600).map(tables.config_mode)
)

#: Whatever can be drawn, each kind as likely as the other.
any_circumstances: st.SearchStrategy[Circumstances] = st.builds(
    Circumstances,
    place=st.sampled_from([PLAIN_PLACE, *tables.PLACES]),
    configured=st.sampled_from([True, True, True, False]),
    plugin_host=st.none() | st.sampled_from(tables.PLUGIN_HOSTS),
    config_file=_config_faults,
    content=st.none() | st.sampled_from(tables.CONTENTS),
    go_on=_policy,
    fsfreeze=_policy,
    pre_file=_script_faults,
    post_file=_script_faults,
    open_folder=st.sampled_from([False, False, True]),
    pre=_behaviours,
    pre_retries=_retries,
    post=_behaviours,
    post_retries=_retries,
    parameters=st.sampled_from([(), *tables.PARAMETERS]),
    change=st.none() | st.sampled_from(tables.CHANGES),
    meddling=st.none() | st.sampled_from(tables.MEDDLINGS),
    snapshot=st.sampled_from(["take", "fail", "hang"]),
    filesystem=st.sampled_from(["ext4", "xfs", "btrfs"]),
).map(settled)

#: Those whose files are good, so that the scripts run.
started_circumstances: st.SearchStrategy[Circumstances] = st.builds(
    Circumstances,
    place=st.sampled_from([PLAIN_PLACE, *tables.PLACES]),
    go_on=_policy,
    fsfreeze=_policy,
    pre=_behaviours,
    pre_retries=_retries,
    post=_behaviours,
    post_retries=_retries,
    change=st.none() | st.sampled_from(tables.CHANGES),
    meddling=st.none() | st.sampled_from(tables.MEDDLINGS),
    snapshot=st.sampled_from(["take", "fail", "hang"]),
).map(settled)
