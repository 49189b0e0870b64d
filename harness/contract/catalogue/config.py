"""CFG: the keys of the config, their defaults, and what makes its content unusable."""

from __future__ import annotations

from . import words
from .model import Clause, config_readme, project, seed, vendor_doc

_UNUSABLE = "A mistake in the config is guessed at, and scripts run other than their author meant."
_SILENT = "A setting that a person wrote is not the one that applies."

CLAUSES: tuple[Clause, ...] = (
    seed(
        "CFG-01.keys",
        "The keys are pluginName, preScriptLocation, postScriptLocation, preScriptParams, "
        "postScriptParams, preScriptNoOfRetries, postScriptNoOfRetries, timeoutInSeconds, "
        "continueBackupOnFailure and fsFreezeEnabled, and each of them has an effect.",
        _SILENT,
        "**preScriptLocation**",
        "**postScriptLocation**",
        "**preScriptParams**",
        "**postScriptParams**",
        "**preScriptNoOfRetries**",
        "**postScriptNoOfRetries**",
        "**timeoutInSeconds**",
        "**continueBackupOnFailure**",
        "**fsFreezeEnabled**",
        "**pluginName**",
    ),
    vendor_doc(
        "CFG-01.poll",
        "ScriptsExecutionPollTimeSeconds is a known key.",
        "A config made from the vendor's current template is refused or warned about.",
    ),
    seed(
        "CFG-02.required",
        "preScriptLocation and postScriptLocation are required and hold full paths.",
        _UNUSABLE,
        words.FULL_PATH,
        words.PRE_LOCATION,
        words.POST_LOCATION,
    ),
    config_readme(
        "CFG-02.timeout",
        "timeoutInSeconds defaults to 30.",
        "A script is stopped sooner, or keeps the application stopped longer, than documented.",
    ),
    project(
        "CFG-02.params", "preScriptParams and postScriptParams default to no arguments.", _SILENT
    ),
    project(
        "CFG-02.retries",
        "preScriptNoOfRetries and postScriptNoOfRetries default to 0.",
        "A script that must not be repeated is run twice.",
    ),
    project(
        "CFG-02.continue",
        "continueBackupOnFailure defaults to true.",
        "A machine has no backup at all because a key was left out.",
    ),
    project(
        "CFG-02.fsfreeze",
        "fsFreezeEnabled defaults to true.",
        "The backup is a level weaker because a key was left out.",
    ),
    project(
        "CFG-02.plugin-name",
        'pluginName defaults to "ScriptRunner".',
        "A config without a pluginName is warned about.",
    ),
    project(
        "CFG-02.poll",
        "ScriptsExecutionPollTimeSeconds defaults to 1.",
        "The application stays quiesced longer than it needs to.",
        unseen="an executor that learns of a script's end by event never polls at all",
    ),
    seed(
        "CFG-03.json",
        "Content that is no JSON is IncorrectJSONConfigFile.",
        "Nobody learns that the scripts do not run.",
        words.CONFIG_INCORRECT,
    ),
    seed(
        "CFG-03.missing-key",
        "A required key that is missing is IncorrectJSONConfigFile.",
        "Nobody learns that the scripts do not run.",
        words.CONFIG_INCORRECT,
        words.PRE_LOCATION,
        words.POST_LOCATION,
    ),
    seed(
        "CFG-03.no-scripts",
        "With content that can't be used no script runs.",
        _UNUSABLE,
        words.CONFIG_INCORRECT,
    ),
    project("CFG-03.encoding", "Content that is not UTF-8 is refused.", _UNUSABLE),
    project("CFG-03.bom", "A byte order mark is refused.", _UNUSABLE),
    project("CFG-03.constant", "NaN and Infinity are no JSON and are refused.", _UNUSABLE),
    project(
        "CFG-03.surrogate",
        "A string with half a surrogate pair is refused.",
        "A path or an argument reaches the script as something else than was written.",
    ),
    project("CFG-03.not-object", "A document that is no object is refused.", _UNUSABLE),
    project(
        "CFG-03.duplicate-key",
        "A key that stands twice is refused.",
        "Two readers of the same file see different settings.",
    ),
    project("CFG-03.null", "A key whose value is null is refused.", _UNUSABLE),
    project(
        "CFG-03.empty-path",
        "An empty script location, as in the unfilled template, is refused.",
        "An unfilled template is reported as a missing script.",
    ),
    project(
        "CFG-03.relative-path",
        "A script location that does not begin with / is refused.",
        "Which script runs depends on the folder that the executor was started in.",
    ),
    project(
        "CFG-03.nul",
        "A NUL in a script location or an argument is refused.",
        "The path or argument is cut short and another file is run.",
    ),
    project(
        "CFG-03.type",
        'A value of the wrong type is refused: "30" is no number, "true" no truth value, a string '
        "no list, pluginName is a string.",
        _UNUSABLE,
    ),
    project(
        "CFG-03.bool-is-no-number",
        "true and false are no numbers.",
        "A timeout of true is taken for one second.",
    ),
    project("CFG-03.float-is-no-number", "30.0 is no whole number.", _UNUSABLE),
    project(
        "CFG-03.params",
        "Arguments are a list of strings and nothing else.",
        "A script gets other arguments than were written.",
    ),
    project("CFG-03.negative", "A negative retry count is refused.", _UNUSABLE),
    project("CFG-03.timeout", "A timeout below 1 is refused.", _UNUSABLE),
    project(
        "CFG-03.poll",
        "A poll time outside 1 to 5 is refused.",
        "The application stays quiesced while nobody looks.",
    ),
    project(
        "CFG-03.policy",
        "Policy fields of content that can't be used are not trusted: the defaults apply and the "
        "backup goes on.",
        "A typing error in the config costs the whole backup.",
    ),
    vendor_doc(
        "CFG-04.cap",
        "timeoutInSeconds above 1800 is capped to 1800.",
        "A hanging script keeps the application stopped for hours.",
        reference_only=True,
    ),
    project(
        "CFG-04.plugin-host",
        "timeoutInSeconds above the plugin host's own timeout is capped to that.",
        "A hanging script keeps the application stopped longer than the machine's owner allowed.",
    ),
    project(
        "CFG-04.warning",
        "A timeout that is capped is told by a warning.",
        "A person waits for a timeout that does not apply.",
    ),
    project(
        "CFG-05.unknown-key",
        "An unknown key (a misspelt or a translated one) is a warning and no error; the rest "
        "applies.",
        "A harmless key costs the application-consistent backup, or a misspelt one is ignored "
        "without a word.",
    ),
    project(
        "CFG-05.plugin-name",
        "A pluginName other than the default is a warning and no error.",
        "A harmless name costs the application-consistent backup.",
    ),
    seed(
        "CFG-06.arguments",
        "The parameters reach the script as its arguments, in their order.",
        "The script works on the wrong database, or on none.",
        words.PRE_PARAMS,
        words.POST_PARAMS,
    ),
    project(
        "CFG-06.verbatim",
        "Each arrives as it was written: empty strings, spaces, quotes, newlines, non-ASCII.",
        "The script works on the wrong database, or on none.",
    ),
    project(
        "CFG-06.no-shell",
        "They never pass through a shell: $(…) arrives as text.",
        "A parameter is executed as a command of root.",
    ),
)
