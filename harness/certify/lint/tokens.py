"""Words and operators of a shell script, quotes and comments seen through."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

_OPERATORS = (";;&", "<<<", "<<-", "&>>", ";;", ";&", "&&", "||", "|&", "<<", ">>", "<&", ">&",
              "<>", ">|", "&>", ";", "&", "|", "(", ")", "<", ">", "\n")  # fmt: skip
REDIRECTIONS = frozenset(("<<<", "<<-", "<<", ">>", "<&", ">&", "<>", ">|", "&>>", "&>", "<", ">"))
_ENDS_A_WORD = frozenset(" \t\n;&|()<>")


@dataclass(frozen=True)
class Token:
    """A word, or an operator with its spelling."""

    text: str
    line: int
    operator: bool = False


class Lexer:
    """Words and operators; what command substitutions hold comes to `inner` as (text, line)."""

    def __init__(self, text: str, line: int) -> None:
        self.inner: list[tuple[str, int]] = []
        self.documents: list[str] = []
        self._text = text
        self._at = 0
        self._line = line
        self._pending: list[tuple[str, bool]] = []

    def tokens(self) -> Iterator[Token]:
        while self._at < len(self._text):
            rest = self._text[self._at :]
            character = rest[0]
            if rest.startswith("\\\n"):
                self._skip(2)
            elif character in " \t\r":
                self._skip(1)
            elif character == "#":
                self._skip(len(rest.split("\n", 1)[0]))
            elif operator := next((o for o in _OPERATORS if rest.startswith(o)), ""):
                line = self._line
                self._skip(len(operator))
                if operator in ("<<", "<<-"):
                    self._begin_document(operator == "<<-")
                elif operator == "\n":
                    self._read_documents()
                yield Token(operator, line, operator=True)
            else:
                line = self._line
                word = self._word()
                number = self._text[self._at : self._at + 1]
                if not (word.isdigit() and number in ("<", ">") and number):
                    yield Token(word, line)

    def _skip(self, count: int) -> str:
        taken = self._text[self._at : self._at + count]
        self._at += count
        self._line += taken.count("\n")
        return taken

    def _word(self) -> str:
        parts: list[str] = []
        while self._at < len(self._text):
            character = self._text[self._at]
            if character in _ENDS_A_WORD:
                break
            parts.append(self._part(character))
        return "".join(parts)

    def _part(self, character: str) -> str:
        """The next piece of a word, its quotes taken off."""
        if character == "\\":
            return self._skip(2)[1:].replace("\n", "")
        if character == "'":
            return self._quoted_plainly()
        if character == '"':
            self._skip(1)
            parts = []
            while self._at < len(self._text) and self._text[self._at] != '"':
                here = self._text[self._at]
                if here == "\\":
                    parts.append(self._skip(2)[1:].replace("\n", ""))
                else:
                    parts.append(self._expansion() if here in "$`" else self._skip(1))
            self._skip(1)
            return "".join(parts)
        if character in "$`":
            return self._expansion()
        return self._skip(1)

    def _quoted_plainly(self) -> str:
        end = self._text.find("'", self._at + 1)
        taken = self._skip((end if end >= 0 else len(self._text)) - self._at + 1)
        return taken.strip("'")

    def _expansion(self) -> str:
        """`$…` or backquotes as they are written; commands in them are read as well."""
        rest = self._text[self._at :]
        if rest.startswith("$'"):
            self._skip(1)
            return self._quoted_plainly()
        if rest[0] == "`":
            end = rest.find("`", 1)
            length = end + 1 if end > 0 else len(rest)
            self.inner.append((rest[1 : length - 1], self._line))
            return self._skip(length)
        if rest.startswith("$(("):
            return self._skip(_closing(rest, 1, "(", ")"))
        if rest.startswith("$("):
            length = _closing(rest, 1, "(", ")")
            self.inner.append((rest[2 : length - 1], self._line))
            return self._skip(length)
        if rest.startswith("${"):
            return self._skip(_closing(rest, 1, "{", "}"))
        return self._skip(1)

    def _begin_document(self, tabs: bool) -> None:
        while self._text[self._at : self._at + 1] in (" ", "\t") and self._at < len(self._text):
            self._skip(1)
        self._pending.append((self._word(), tabs))

    def _read_documents(self) -> None:
        for delimiter, tabs in self._pending:
            lines = []
            while self._at < len(self._text):
                length = len(self._text[self._at :].split("\n", 1)[0]) + 1
                line = self._skip(length).removesuffix("\n")
                if (line.lstrip("\t") if tabs else line) == delimiter:
                    break
                lines.append(line)
            self.documents.append("\n".join(lines))
        self._pending.clear()


def _closing(text: str, at: int, opening: str, closing: str) -> int:
    """The length up to the bracket that closes the one at `at`, quotes within passed over."""
    depth, quote, position = 0, "", at
    while position < len(text):
        character = text[position]
        if character == "\\":
            position += 1
        elif quote:
            quote = "" if character == quote else quote
        elif character in "'\"":
            quote = character
        elif character == opening:
            depth += 1
        elif character == closing:
            depth -= 1
            if depth == 0:
                return position + 1
        position += 1
    return len(text)
