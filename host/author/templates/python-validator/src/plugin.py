"""The validator `{{name}}`: networks that devices join are encrypted (rule {{rule}})."""

from mooring import Node, finding, told


def is_open(payload):
    is_wifi = payload.text("PayloadType") == "com.apple.wifi.managed"
    return is_wifi and payload.text("EncryptionType") == "None"


def validate(root):
    for network in filter(is_open, root.items("PayloadContent")):
        name = network.text("SSID_STR") or "without a name"
        yield finding(
            "error",
            "{{rule}}",
            network.get("EncryptionType"),
            f"the network {name} is open",
            hint="use WPA2 or WPA3, or leave EncryptionType out",
        )


class Settings:
    def check(self, settings):
        return []


class Validator:
    def validate(self, profile, context):
        return told(lambda: list(validate(Node(profile.document))))
