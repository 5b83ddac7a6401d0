"""The set validator `{{name}}`: a Wi-Fi network is in one profile of a host (rule {{rule}})."""

from mooring import members, set_finding, told


def networks(member):
    for payload in member.root.items("PayloadContent"):
        name = payload.text("SSID_STR")
        if name is not None and payload.text("PayloadType") == "com.apple.wifi.managed":
            yield name, member.spot(payload.get("SSID_STR"))


def validate(profiles):
    known = {}
    for index, member in enumerate(members(profiles)):
        for name, here in networks(member):
            first, place = known.setdefault(name, (index, here))
            if first != index:
                yield set_finding(
                    "error",
                    "{{rule}}",
                    here,
                    f"the network {name} is in two profiles of one host",
                    hint="keep it in one of them, or assign the two to different hosts",
                    other=place,
                )


class Settings:
    def check(self, settings):
        return []


class SetValidator:
    def validate_set(self, profiles, context):
        return told(lambda: list(validate(profiles)))
