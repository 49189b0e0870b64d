"""Executors that read the config's content loosely."""

from __future__ import annotations

from tests.mutants.defect import Defect, Edit

_CONFIG = "contract/config.py"
_PRECHECK = "executor/precheck.py"

_REFUSED = "        return Precheck(ConfigFinding(config.reason), detail, policy, warnings)\n"
_WHOLE = "        if not isinstance(value, int):\n"
_USUAL = 'Config("/opt/scripts/pre.sh", "/opt/scripts/post.sh")'

#: Each edit makes the reader take what it must refuse: the clause, the edits, and the scenario.
_TAKEN: dict[str, tuple[tuple[Edit, ...], str]] = {
    "json": (
        (
            Edit(
                _CONFIG,
                old='        text = raw.decode("utf-8")\n',
                new='        text = raw.decode("utf-8").rstrip().rstrip("}") + "}"\n',
            ),
        ),
        "trailing-garbage or last-brace-missing",
    ),
    "encoding": (
        (
            Edit(
                _CONFIG,
                old='raw.decode("utf-8")',
                new='raw.decode("utf-16" if raw[:1] in b"\\xff\\xfe" else "utf-8")',
            ),
        ),
        "utf-16",
    ),
    "bom": (
        (
            Edit(_CONFIG, old='    if raw.startswith(b"\\xef\\xbb\\xbf"):', new="    if False:"),
            Edit(_CONFIG, old='raw.decode("utf-8")', new='raw.decode("utf-8-sig")'),
        ),
        "byte-order-mark",
    ),
    "constant": ((Edit(_CONFIG, old="parse_constant=_constant, ", new=""),), "less-than-infinity"),
    "surrogate": ((Edit(_CONFIG, old="        _no_surrogates(document)\n", new=""),), "other-half"),
    "not-object": (
        (
            Edit(
                _CONFIG,
                old="    if not isinstance(document, dict):\n",
                new="    if isinstance(document, list) and document:\n"
                "        document = document[0]\n"
                "    if not isinstance(document, dict):\n",
            ),
        ),
        "list-at-top",
    ),
    "duplicate-key": (
        (Edit(_CONFIG, old="object_pairs_hook=_object, ", new=""),),
        "duplicate-by-an-escape",
    ),
    "null": (
        (
            Edit(
                _CONFIG,
                old="        if key not in document:\n",
                new="        if document.get(key) is None:\n",
            ),
        ),
        "null-for-parameters",
    ),
    "empty-path": (
        (
            Edit(_CONFIG, old="    if not path:\n", new="    if path is None:\n"),
            Edit(
                _CONFIG,
                old='    if not path.startswith("/"):\n',
                new='    if path and not path.startswith("/"):\n',
            ),
        ),
        "unfilled-template",
    ),
    "relative-path": (
        (Edit(_CONFIG, old='    if not path.startswith("/"):\n', new="    if not path:\n"),),
        "relative-path",
    ),
    "nul": (
        (
            Edit(
                _CONFIG,
                old='    if "\\0" in path:\n',
                new='    path = path.split("\\0")[0]\n    if "\\0" in path:\n',
            ),
        ),
        "nul-in-a-path",
    ),
    "type": (
        (
            Edit(
                _CONFIG,
                old="    if not isinstance(value, bool):\n",
                new="    if not isinstance(value, (bool, str)):\n",
            ),
        ),
        "truth-as-string",
    ),
    "bool-is-no-number": (
        (
            Edit(
                _CONFIG,
                old="        if isinstance(value, bool):\n",
                new="        if not isinstance(value, (int, float, str)):\n",
            ),
        ),
        "true-as-timeout",
    ),
    "float-is-no-number": (
        (
            Edit(
                _CONFIG,
                old=_WHOLE,
                new="        if isinstance(value, float) and value.is_integer():\n"
                f"            value = int(value)\n{_WHOLE}",
            ),
        ),
        "retries-1",
    ),
    "params": (
        (
            Edit(
                _CONFIG,
                old="    if not isinstance(value, list):\n",
                new="    if isinstance(value, str):\n"
                "        value = value.split()\n"
                "    if not isinstance(value, list):\n",
            ),
        ),
        "parameters-as-one-string",
    ),
    "negative": (
        (
            Edit(
                _CONFIG,
                old='_Key("post_retries", _whole("negative", 0))',
                new='_Key("post_retries", _whole("negative", -10))',
            ),
        ),
        "negative-retries",
    ),
    "timeout": (
        (Edit(_CONFIG, old='_whole("timeout", 1)', new='_whole("timeout", 0)'),),
        "timeout-0",
    ),
    "poll": ((Edit(_CONFIG, old='_whole("poll", 1, 5)', new='_whole("poll", 0)'),), "poll-6"),
}

DEFECTS = (
    *(
        Defect(
            name=f"takes-bad-content-{reason}",
            breaks=(f"CFG-03.{reason}",),
            edits=edits,
            scenarios=f"test_content_that and ({scenario})",
        )
        for reason, (edits, scenario) in _TAKEN.items()
    ),
    Defect(
        name="usual-scripts-where-the-config-is-broken",
        breaks=("CFG-03.no-scripts",),
        edits=(
            Edit(
                _PRECHECK,
                old=_REFUSED,
                new=f"        return _scripts({_USUAL}, 30, single_disk, warnings)\n",
            ),
        ),
        scenarios="test_content_that_is_no_json and truncated",
    ),
    Defect(
        name="policy-of-a-broken-config",
        breaks=("CFG-03.policy",),
        edits=(
            Edit(
                _PRECHECK,
                old=_REFUSED,
                new=_REFUSED.replace("policy", "Policy(False, False, single_disk)"),
            ),
            Edit(
                "contract/verdict.py",
                old="    if any_of(happenings, NotConfigured, ConfigFinding, PluginHostFinding):",
                new="    if any_of(happenings, NotConfigured, PluginHostFinding):",
            ),
        ),
        scenarios="test_content_that_is_no_json and truncated",
    ),
)
