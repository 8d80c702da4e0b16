"""The parser's events of a YAML text, with limits on size and depth before anything is built from them.

A text from git is foreign: 60 kB of brackets end the process that builds a tree of them. Every reader of this package
begins here, so the limits hold for values, for edits and for history alike.
"""

from collections.abc import Iterator
from typing import Any

import yaml

_PARSER: type[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
# The deepest files in use have about 15 levels.
DEEPEST = 60
# A file of 2 MiB with short lines has about as many.
MOST_EVENTS = 400_000
BOM = "\ufeff"

# What libyaml says, in words for somebody who edits values files, and what to write instead.
_WORDS: dict[str, tuple[str, str]] = {
    "mapping values are not allowed": (
        "A colon stands where no key can begin.",
        'Put a value that contains ": " in quotes, and indent keys of one level alike.',
    ),
    "found unexpected end of stream": ("A quote that opens here is never closed.", 'Close it: tag: "1.4.2"'),
    "found unexpected document indicator": ("A quote that opens here is never closed.", 'Close it: tag: "1.4.2"'),
    "did not find expected key": (
        "This line is indented like none of the keys above it.",
        "Indent keys of one level alike, with spaces.",
    ),
    "did not find expected '-' indicator": (
        "This line belongs to no item of the list above it.",
        "Begin every item of one list with a dash in the same column.",
    ),
    "did not find expected ',' or ']'": ("A list in brackets is not closed.", "Write it as [a, b]."),
    "did not find expected ',' or '}'": ("A mapping in braces is not closed.", "Write it as {a: 1, b: 2}."),
    "did not find expected node content": ("A value is missing, or begins with a character that is not allowed there.",
                                           "Put the value in quotes."),
    "found character that cannot start any token": (
        "A value begins with a tab, @, ` or %.",
        "Indent with spaces, and put such a value in quotes.",
    ),
    "found a tab character": ("A tab stands where spaces are needed.", "Indent with spaces."),
    "could not find expected ':'": ("A key has no colon behind it.", "Write key: value."),
    "found unknown escape character": (
        "A text in double quotes has a backslash before a character that cannot follow one.",
        "Write the backslash twice, or use single quotes.",
    ),
    "control characters are not allowed": (
        "The text holds a control character.",
        'Write it as an escape in double quotes, such as "\\x1b".',
    ),
    "did not find expected <document start>": (
        "A second document begins without the line ---.",
        "Keep one document of keys and values in the file.",
    ),
}  # fmt: skip


class UnreadableYaml(ValueError):
    """`line` counts from 1; 0 where none can be named. `instead` says what to write, "" where that is plain."""

    def __init__(self, sentence: str, line: int = 0, instead: str = "") -> None:
        super().__init__(sentence)
        self.line = line
        self.instead = instead


def events_of(text: str) -> Iterator[Any]:
    """PyYAML's events, drawn one by one. Raises UnreadableYaml at the first that breaks a rule or a limit."""
    depth = count = flow_depth = 0
    text = text.removeprefix(BOM)
    if BOM in text:
        # To Helm it is a letter, to libyaml it is nothing.
        line = text.count("\n", 0, text.index(BOM)) + 1
        raise UnreadableYaml("A byte order mark stands inside of the file.", line, "Remove the invisible character.")
    try:
        for event in yaml.parse(text, Loader=_PARSER):
            count += 1
            if isinstance(event, yaml.CollectionStartEvent):
                depth += 1
                flow_depth += bool(event.flow_style)
            elif isinstance(event, yaml.CollectionEndEvent):
                depth -= 1
                # Whatever stands inside of brackets is in brackets too.
                flow_depth = max(0, flow_depth - 1)
            elif flow_depth and isinstance(event, yaml.ScalarEvent):
                _refuse_question_mark(event)
            if depth > DEEPEST:
                raise UnreadableYaml(f"It is nested more than {DEEPEST} levels deep.", line_of(event))
            if count > MOST_EVENTS:
                raise UnreadableYaml(f"It holds more than {MOST_EVENTS:,} keys and values.", line_of(event))
            yield event
    except yaml.MarkedYAMLError as error:
        raise _in_plain_words(f"{error.problem or error.context or ''}", _line_of_error(error)) from error
    except yaml.reader.ReaderError as error:
        raise _in_plain_words(str(error.reason), _line_of_byte(text, error.position)) from error
    except (yaml.YAMLError, UnicodeEncodeError) as error:
        raise _in_plain_words("", 0) from error


def _refuse_question_mark(scalar: yaml.ScalarEvent) -> None:
    """Helm's reader ends a word in brackets at a question mark; libyaml reads on."""
    if not scalar.style and "?" in scalar.value:
        sentence = "A question mark stands in brackets without quotes."
        raise UnreadableYaml(sentence, line_of(scalar), 'Write {path: "/a?b"}.')


def line_of(event: Any) -> int:
    return int(event.start_mark.line) + 1


def _line_of_error(error: yaml.MarkedYAMLError) -> int:
    """Of a quote that is not closed, the line where it opens, not the end of the file."""
    mark = error.problem_mark
    if error.problem and error.problem.startswith("found unexpected") and error.context_mark:
        mark = error.context_mark
    return int(mark.line) + 1 if mark else 0


def _line_of_byte(text: str, position: int) -> int:
    return text.encode("utf-8", "replace")[: max(0, position)].count(b"\n") + 1


def _in_plain_words(problem: str, line: int) -> UnreadableYaml:
    for beginning, (sentence, instead) in _WORDS.items():
        if problem.startswith(beginning):
            return UnreadableYaml(sentence, line, instead)
    said = f" ({problem})" if problem else ""
    return UnreadableYaml(f"This is not YAML{said}.", line, "Compare the line with a values file that works.")
