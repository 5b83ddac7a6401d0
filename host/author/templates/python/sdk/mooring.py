"""What a plugin in Python uses: a profile that can be walked, findings, failures.

`sdk/wit` is the contract; this file only makes it comfortable. A plugin module has two classes,
`Settings` and `Validator`, whose methods call `told`, so that the text of an exception reaches the
administrator.
"""

import builtins
import time

from componentize_py_types import Err
from wit_world.imports import log
from wit_world.imports.types import (
    Failure_BadSettings,
    Failure_Other,
    Failure_Unsupported,
    Finding,
    Kind,
    Place_Document,
    Place_Node,
    Severity,
)

_SEVERITIES = {"info": Severity.INFO, "warning": Severity.WARNING, "error": Severity.ERROR}
_FAILURES = {
    "bad-settings": Failure_BadSettings,
    "unsupported": Failure_Unsupported,
    "other": Failure_Other,
}


class Node:
    """One value of a profile."""

    def __init__(self, document, index=0):
        self.document = document
        self.index = index

    @property
    def kind(self):
        """A member of `Kind`."""
        return self.document.nodes[self.index].kind

    @property
    def key(self):
        """Its key in the dictionary it stands in, or None."""
        key = self.document.nodes[self.index].key
        return None if key is None else self.document.texts[key]

    @property
    def value(self):
        """Its value: str, int, float, bool or bytes; None for dictionaries and arrays."""
        value = self.document.nodes[self.index].value
        kind = self.kind
        if kind in (Kind.STRING, Kind.DATE):
            return self.document.texts[value]
        if kind == Kind.INTEGER:
            return int(self.document.texts[value])
        if kind == Kind.REAL:
            return self.document.reals[value]
        if kind == Kind.BOOLEAN:
            return value != 0
        if kind == Kind.DATA:
            return self.document.blobs[value]
        return None

    def children(self):
        """The values in a dictionary or an array, in the order of the file."""
        nodes = self.document.nodes
        at, end = self.index + 1, nodes[self.index].end
        while at < end:
            yield Node(self.document, at)
            at = nodes[at].end

    def get(self, key):
        """The value under a key of a dictionary, or None."""
        if self.kind != Kind.DICTIONARY:
            return None
        return next((child for child in self.children() if child.key == key), None)

    def text(self, key):
        """The text under a key, or None."""
        node = self.get(key)
        return node.value if node is not None and node.kind == Kind.STRING else None

    def items(self, key):
        """The values of the array under a key; none if there is no such array."""
        node = self.get(key)
        return list(node.children()) if node is not None and node.kind == Kind.ARRAY else []


def finding(severity, rule, node, message, hint=None):
    """A finding about a value; with None it is about the profile, or the settings, as a whole."""
    place = Place_Document() if node is None else Place_Node(node.index)
    return Finding(_SEVERITIES[severity], rule, message, place, hint, [])


class Failure(Exception):
    """Why a plugin could not do its work; `kind` is bad-settings, unsupported or other."""

    def __init__(self, kind, text):
        super().__init__(text)
        self.err = Err(_FAILURES[kind](text))


def info(text):
    """A line for the people who run the server."""
    log.write(log.Level.INFO, text)


def told(work):
    """Calls `work`; the text of an exception reaches the administrator."""
    try:
        return work()
    except Failure as failure:
        raise failure.err from None
    except BaseException as error:
        log.write(log.Level.ERROR, "panicked at " + _text(error))
        raise


def _text(error):
    # Not by the module `traceback`, which looks for the sources: there are no files any more.
    places = []
    at = error.__traceback__
    while at is not None:
        code = at.tb_frame.f_code
        places.append(f"{code.co_filename}:{at.tb_lineno} in {code.co_name}")
        at = at.tb_next
    return f"{type(error).__name__}: {error} ({', '.join(reversed(places))})"


def _forbidden(what):
    def refuse(*_, **__):
        raise RuntimeError(what)

    return refuse


# Without this, asking for the time or a file would stop the plugin without a word.
for _name in ("time", "time_ns", "monotonic", "perf_counter", "sleep"):
    setattr(time, _name, _forbidden("a plugin has no clock; the context's extra may have `today`"))
builtins.open = _forbidden("a plugin has no files; import and read everything at the top of a module")
