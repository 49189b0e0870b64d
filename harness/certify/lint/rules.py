"""Lint's own rules: what each name in a finding stands for, and the clause that it breaks.

What lint says by the contract's rules, or by ShellCheck's codes, is explained there.
"""

from __future__ import annotations

from collections.abc import Mapping

#: By name: the clause of certification, and what was found.
_ALL = (
    ("lint.bom", "KIT-1.scripts",
     "A script begins with a byte order mark, behind which the kernel sees no shebang."),
    ("lint.crlf", "KIT-1.scripts",
     "A script has Windows line endings: the interpreter's name ends in a carriage return."),
    ("lint.empty", "KIT-1.scripts",
     "A script holds nothing: it always succeeds, and makes no application consistent."),
    ("lint.encoding", "KIT-1.scripts", "A script is no UTF-8 text."),
    ("lint.freeze", "KIT-1.undoes",
     "A script freezes a filesystem and sets no trap before it that thaws it on every way out."),
    ("lint.held", "KIT-1.undoes",
     "A script begins what holds the application, and neither script says what ends it."),
    ("lint.interpreter", "KIT-1.scripts",
     "The kernel can't start the interpreter that the first line names, or not as it means."),
    ("lint.no-package", "KIT-1.scripts",
     "The interpreter is in no package that kit.toml gives the guest; level 2 looks for it."),
    ("lint.no-shebang", "KIT-1.scripts",
     "A script names no interpreter: this contract's executors run it by /bin/sh, others refuse."),
    ("lint.path", "KIT-1.path",
     "A script calls a command that is in no folder of the PATH which executors give."),
    ("lint.same-script", "KIT-1.config",
     "Pre- and post-script are one file with the same parameters: it can't tell which it is."),
    ("lint.script-on-data-disk", "KIT-1.scripts",
     "A script lies on a disk that is frozen while it may be waited for."),
    ("lint.secret", "KIT-1.secrets",
     "A password or a key is on a command line, or written into a script."),
)  # fmt: skip

CLAUSE_OF: Mapping[str, str] = {name: clause for name, clause, _ in _ALL}
TEXT_OF: Mapping[str, str] = {name: text for name, _, text in _ALL}
