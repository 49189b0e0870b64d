"""`snapcert doctor`: what this machine has, what is missing, and how to mend it."""

from __future__ import annotations

import click

from harness.machines.engine import Engine
from harness.machines.images import BASE, has_image, reference
from harness.machines.prerequisites import prerequisites
from harness.machines.probe import Step, probe
from harness.problem import IncompleteProblem


@click.command(short_help="Check what a run needs, with a probe guest.")
def doctor() -> int:
    """Print each prerequisite, what was found and how to mend it; then probe a real guest.

    The probe attaches, mounts, freezes, thaws and detaches a disk of each filesystem, and names
    the step that fails. Nothing is installed, nothing is left.
    """
    whole = True
    for found in prerequisites(_base_image):
        _tell(found.name, found.ok, found.found)
        if not found.ok:
            whole = False
            click.echo(f"        mend: {found.mend}")
    if not whole:
        click.echo("incomplete: mend what is missing, then run `snapcert doctor` again")
        return IncompleteProblem.exit_code
    steps = probe(engine := Engine.connect(), _base_image(engine), report=_tell_step)
    failed = [step for step in steps if not step.ok]
    if failed:
        click.echo(f"incomplete: the probe failed at: {failed[-1].name}")
        return IncompleteProblem.exit_code
    click.echo(f"all is there; the probe took {sum(step.seconds for step in steps):.1f} s")
    return 0


def _base_image(engine: Engine) -> str:
    name = reference(BASE)
    if not has_image(engine, name):
        raise IncompleteProblem(
            f"the engine has no image {name}",
            "run `make images`, or set SNAPCERT_BASE_IMAGE to an image with what a guest needs",
            "image",
        )
    return name


def _tell(name: str, ok: bool, text: str) -> None:
    click.echo(f"{'ok' if ok else 'MISSING':8}{name}: {text}")


def _tell_step(step: Step) -> None:
    click.echo(f"{'ok' if step.ok else 'FAILED':8}{step.name} ({step.seconds * 1000:.0f} ms)")
    if not step.ok:
        click.echo(f"        {step.problem}")
        click.echo(f"        mend: {step.remedy}")
