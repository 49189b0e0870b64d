"""A shell script's commands, one by one, as far as they can be told without running it.

No parser of a shell: it knows quotes, comments, here-documents, command substitutions, `case` and
functions well enough that what lint says of a command is said of a command, and not of a comment
or of a text. What it does not understand it passes over.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from harness.certify.lint.tokens import REDIRECTIONS, Lexer, Token

#: Words that stand before a command.
_BEFORE = frozenset(
    ("if", "then", "elif", "else", "fi", "while", "until", "do", "done", "!", "{", "}", "time")
)
_ASSIGNMENT = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)\+?=(.*)", re.DOTALL)


@dataclass(frozen=True)
class Command:
    """One simple command: the variables set before it, then its words.

    Quotes are taken off; expansions stay as they are written ("$x", "$(cat f)"). `words` is empty
    where only variables are set. `text` is its here-document, if it has one.
    """

    line: int
    variables: tuple[tuple[str, str], ...]
    words: tuple[str, ...]
    text: str = ""

    @property
    def name(self) -> str:
        """The program, without its folder; "" where there is none or it is an expansion."""
        program = self.words[0] if self.words else ""
        return "" if "$" in program or "`" in program else program.rpartition("/")[2]


@dataclass(frozen=True)
class Function:
    """A function of the script and the lines of its body."""

    name: str
    first: int
    last: int


@dataclass
class Script:
    """What was found, in the order of the text."""

    commands: list[Command] = field(default_factory=list)
    functions: list[Function] = field(default_factory=list)

    def function(self, name: str) -> Function | None:
        """The script's own function of that name."""
        return next((f for f in self.functions if f.name == name), None)

    def within(self, function: Function) -> Iterator[Command]:
        """The commands of a function's body."""
        return (c for c in self.commands if function.first <= c.line <= function.last)


def settings(command: Command) -> tuple[tuple[str, str], ...]:
    """The shell's own variables that a command sets: by itself, or by export and its kin."""
    if not command.words:
        return command.variables
    if command.name not in ("export", "readonly", "declare", "local"):
        return ()
    pairs = (word.partition("=") for word in command.words[1:])
    return tuple((name, value) for name, equals, value in pairs if equals)


def read_script(text: str, line: int = 1) -> Script:
    """The commands of a script whose first line has this number."""
    return _Reader(text, line).read()


class _Reader:
    """Commands out of tokens."""

    def __init__(self, text: str, line: int) -> None:
        self._lexer = Lexer(text, line)
        self._tokens = list(self._lexer.tokens())
        self._at = 0
        self._found = Script()
        self._braces: list[tuple[str, int]] = []
        self._named = ""
        self._cases = 0
        self._documents = 0

    def read(self) -> Script:
        while self._at < len(self._tokens):
            self._one()
        for text, line in self._lexer.inner:
            self._found.commands += read_script(text, line).commands
        self._found.commands.sort(key=lambda command: command.line)
        return self._found

    def _peek(self, ahead: int = 0) -> Token | None:
        at = self._at + ahead
        return self._tokens[at] if at < len(self._tokens) else None

    def _one(self) -> None:
        """A separator, a word of the grammar, or a whole command."""
        token = self._tokens[self._at]
        if token.operator:
            if token.text not in REDIRECTIONS:
                self._at += 1
                if self._cases and token.text in (";;", ";&", ";;&"):
                    self._pattern()
                return
        elif token.text in _BEFORE:
            self._brace(token)
            self._at += 1
            return
        elif token.text == "function" or self._begins_function():
            self._function(token)
            return
        elif token.text in ("for", "select"):
            self._until("do", ";", "\n")
            return
        elif token.text == "case":
            self._until("in")
            self._cases += 1
            self._pattern()
            return
        elif token.text == "esac":
            self._cases = max(self._cases - 1, 0)
            self._at += 1
            return
        elif token.text == "[[":
            self._until("]]")
            return
        self._command()

    def _begins_function(self) -> bool:
        return [t.text for t in self._tokens[self._at + 1 : self._at + 3] if t.operator] == [
            "(",
            ")",
        ]

    def _function(self, token: Token) -> None:
        self._at += 1
        name = token
        if token.text == "function" and (following := self._peek()):
            name = following
            self._at += 1
        while (here := self._peek()) and here.operator and here.text in "()\n":
            self._at += 1
        self._named = name.text

    def _brace(self, token: Token) -> None:
        if token.text == "{":
            self._braces.append((self._named, token.line))
            self._named = ""
        elif token.text == "}" and self._braces:
            name, first = self._braces.pop()
            if name:
                self._found.functions.append(Function(name, first, token.line))

    def _until(self, *ends: str) -> None:
        while (token := self._peek()) and token.text not in ends:
            self._at += 1
        self._at += 1

    def _pattern(self) -> None:
        """Pass over a pattern of `case` up to its bracket, or over what ends the last one."""
        while (token := self._peek()) and token.operator and token.text in ("\n", "("):
            self._at += 1
        if (token := self._peek()) and token.text != "esac":
            self._until(")")

    def _command(self) -> None:
        line = self._tokens[self._at].line
        variables: list[tuple[str, str]] = []
        words: list[str] = []
        text = ""
        while token := self._peek():
            if token.operator and token.text in ("<<", "<<-"):
                self._at += 1
                if self._documents < len(self._lexer.documents):
                    text += self._lexer.documents[self._documents]
                    self._documents += 1
            elif token.operator and token.text in REDIRECTIONS:
                self._at += 2
            elif token.operator:
                break
            else:
                match = _ASSIGNMENT.fullmatch(token.text)
                if match and not words:
                    variables.append((match[1], match[2]))
                else:
                    words.append(token.text)
                self._at += 1
        self._found.commands.append(Command(line, tuple(variables), tuple(words), text))
