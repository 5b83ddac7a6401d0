"""What a plugin in Python uses: a profile that can be walked, findings, failures, and what profiles
are made of.

`sdk/wit` is the contract; this file only makes it comfortable. A plugin module has two classes,
`Settings` and `Validator`, `SetValidator` or `Generator`, whose methods call `told`, so that the
text of an exception reaches the administrator.
"""

import base64
import builtins
import hashlib  # `uuid` would import it when it is too late
import json
import re
import time
import uuid as _uuid

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

try:
    # Only a component that judges sets has these.
    from wit_world.exports import set_validator as _set_validator
except ImportError:
    _set_validator = None

try:
    # Only a component that makes profiles has these.
    from wit_world.exports import generator as _generator
except ImportError:
    _generator = None

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
    return Finding(_SEVERITIES[severity], rule, message, _place(node), hint, [])


def _place(node):
    return Place_Document() if node is None else Place_Node(node.index)


class Member:
    """A profile of a set: its tree is `root`."""

    def __init__(self, edition, subject):
        self.edition = edition
        self.subject = subject
        self.root = Node(edition.document)

    def spot(self, node=None):
        """A place in it; without a node the profile as a whole."""
        return _set_validator.Spot(self.subject, _place(node))


def members(profiles):
    """The profiles of a set as they would be; the record `profiles` also has what is gone."""
    subject = _set_validator.Subject_Member
    return [Member(member.now, subject(at)) for at, member in enumerate(profiles.members)]


def set_finding(severity, rule, about, message, hint=None, other=None):
    """A finding about a spot; `other` is one in the other of two that do not go together."""
    kind = _SEVERITIES[severity]
    return _set_validator.SetFinding(kind, rule, message, about, other, hint, [])


class Failure(Exception):
    """Why a plugin could not do its work; `kind` is bad-settings, unsupported or other."""

    def __init__(self, kind, text):
        super().__init__(text)
        self.err = Err(_FAILURES[kind](text))


def settings_object(text):
    """The settings, which have to be a JSON object."""
    try:
        settings = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise Failure("bad-settings", f"the settings are no JSON: {error}") from None
    if not isinstance(settings, dict):
        raise Failure("bad-settings", "the settings are no object")
    return settings


def refusals(work):
    """What is wrong with settings, as findings of the rule `settings`: calls `work`, which raises
    a `Failure` if it cannot use them."""
    try:
        work()
    except Failure as failure:
        return [finding("error", "settings", None, str(failure))]
    return []


def uuid(seed, name):
    """A uuid of version 5, in capitals: the same for the same seed and name, another for others."""
    return str(_uuid.uuid5(_uuid.NAMESPACE_URL, f"{seed}/{name}")).upper()


def output(key, root, notes=()):
    """One profile that a generator makes: its key in the manifest, the property list, findings."""
    return _generator.Output(key, plist(root), list(notes))


def plist(root):
    """The bytes of an XML property list of str, bool, int, float, bytes, lists and dicts, in the
    order of their keys. Characters that XML cannot carry are left out."""
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        '<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" '
        '"http://www.apple.com/DTDs/PropertyList-1.0.dtd">',
        '<plist version="1.0">',
        *_written("", root),
        "</plist>\n",
    ]
    return "\n".join(lines).encode()


def _written(indent, value):
    if isinstance(value, dict):
        yield indent + "<dict>"
        for key, member in value.items():
            yield indent + "\t" + _element("key", key)
            yield from _written(indent + "\t", member)
        yield indent + "</dict>"
    elif isinstance(value, (list, tuple)):
        yield indent + "<array>"
        for item in value:
            yield from _written(indent + "\t", item)
        yield indent + "</array>"
    else:
        yield indent + _scalar(value)


def _scalar(value):
    if isinstance(value, str):
        return _element("string", value)
    if isinstance(value, bool):
        return "<true/>" if value else "<false/>"
    if isinstance(value, int):
        return _element("integer", str(value))
    if isinstance(value, float) and value - value == 0:
        return _element("real", repr(value))
    if isinstance(value, (bytes, bytearray)):
        return _element("data", base64.b64encode(value).decode())
    raise TypeError(f"a property list cannot have {value!r}")


def _element(name, text):
    text = re.sub(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ufffe\uffff]", "", text)
    text = re.sub(r"[\ud800-\udfff]", "\ufffd", text)
    for mark, escaped in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;")):
        text = text.replace(mark, escaped)
    return f"<{name}>{text}</{name}>"


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
builtins.open = _forbidden("a plugin has no files; import and read all at the top of a module")
