"""The kit of a certification, with the secrets that its guests need."""

from __future__ import annotations

from harness.certify.kit import Kit, load_kit
from harness.results.redact import Redactor
from harness.scenario.options import Options


def kit_of(options: Options) -> Kit | None:
    """The kit as its folder has it; None in a conformance run. Raises UsageProblem.

    Secrets are needed where there are guests; every process reads them for itself.
    """
    if options.kit is None:
        return None
    kit = load_kit(options.kit)
    if options.needs_machines or options.env_file is not None:
        return kit.with_secrets(options.env_file)
    return kit


def redactor_of(options: Options) -> Redactor:
    """What keeps the run's secrets out of all that it writes."""
    kit = kit_of(options) if options.env_file is not None else None
    return kit.secrets.redactor if kit is not None else Redactor()
