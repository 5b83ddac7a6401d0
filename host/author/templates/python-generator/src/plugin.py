"""The generator `{{name}}`: one profile that shows a text at the login window.

Every uuid is derived from the seed, which stays the same for the life of a binding, so that the
same settings are the same profile.
"""

from mooring import Failure, output, refusals, settings_object, told, uuid

# Stands in the manifest too.
IDENTIFIER = "{{id}}.login-text"


def text_of(settings):
    """The settings' only member."""
    text = settings_object(settings).get("text")
    if not isinstance(text, str):
        raise Failure("bad-settings", "`text` is missing, or no text")
    if text == "":
        raise Failure("bad-settings", "`text` is empty")
    return text


def profile(seed, text):
    payload = {
        "PayloadType": "com.apple.loginwindow",
        "PayloadVersion": 1,
        "PayloadIdentifier": f"{IDENTIFIER}.window",
        "PayloadUUID": uuid(seed, f"{IDENTIFIER}/window"),
        "PayloadDisplayName": "Login window",
        "LoginwindowText": text,
    }
    return {
        "PayloadType": "Configuration",
        "PayloadVersion": 1,
        "PayloadIdentifier": IDENTIFIER,
        "PayloadUUID": uuid(seed, f"{IDENTIFIER}/profile"),
        "PayloadDisplayName": "Text at the login window",
        "PayloadDescription": "Shows a text at the login window.",
        "PayloadOrganization": "Example",
        "PayloadScope": "System",
        "PayloadContent": [payload],
    }


def generate(seed, settings):
    return [output("login-text", profile(seed, text_of(settings)))]


class Settings:
    def check(self, settings):
        return told(lambda: refusals(lambda: text_of(settings)))


class Generator:
    def generate(self, seed, context):
        return told(lambda: generate(seed, context.settings))
