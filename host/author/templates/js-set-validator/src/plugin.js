// The set validator `{{name}}`: a Wi-Fi network is in one profile of a host (rule {{rule}}).

import { setFinding, setValidator } from "../sdk/mooring.js";

// `members` are the profiles that one host would get, each with its tree as `root`.
function validateSet(members) {
    const known = new Map();
    const findings = [];
    for (const member of members) {
        for (const payload of member.root.items("PayloadContent")) {
            if (payload.text("PayloadType") !== "com.apple.wifi.managed") continue;
            const name = payload.text("SSID_STR");
            if (name === null) continue;
            const here = member.spot(payload.get("SSID_STR"));
            const first = known.get(name);
            if (first === undefined) known.set(name, { member, place: here });
            else if (first.member !== member) {
                const message = `the network ${name} is in two profiles of one host`;
                const hint = "keep it in one of them, or assign the two to different hosts";
                findings.push(setFinding("error", "{{rule}}", here, message, hint, first.place));
            }
        }
    }
    return findings;
}

const exported = setValidator({ validateSet });
export const settings = exported.settings;
const own = exported.setValidator;
export { own as setValidator };
