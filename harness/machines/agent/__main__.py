"""The agent's start: the role is asked for before any thread exists, then the role serves."""

from __future__ import annotations

import os

from . import linux
from .session import Session


def main() -> None:
    """Run as the container's main process; never returns."""
    source, sink = _own_streams()
    linux.undumpable()
    session = Session(source, sink)
    session.hello()
    asked = session.role()
    if asked is None:
        os._exit(0)
    number, wanted = asked
    if os.getpid() != 1:
        # Its end kills every process it can see, its start unmounts: never outside a container.
        session.refuse_role(number)
        os._exit(1)
    # A guest does not pay for the imports of a host, nor the other way round.
    if wanted["role"] == "host":
        from .host import start
    else:
        from .guest import start
    role = start(session, wanted)
    session.answer(number, {})
    session.serve(role)


def _own_streams() -> tuple[int, int]:
    """Keep the connection to ourselves: what is started later finds /dev/null there."""
    source, sink = os.dup(0), os.dup(1)
    null = os.open("/dev/null", os.O_RDWR)
    os.dup2(null, 0)
    os.dup2(null, 1)
    os.close(null)
    return source, sink


if __name__ == "__main__":
    main()
