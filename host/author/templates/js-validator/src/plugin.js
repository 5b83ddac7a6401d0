// The validator `{{name}}`: networks that devices join are encrypted (rule {{rule}}).

import { finding, validator } from "../sdk/mooring.js";

function validate(root) {
    return root
        .items("PayloadContent")
        .filter((payload) => payload.text("PayloadType") === "com.apple.wifi.managed")
        .filter((network) => network.text("EncryptionType") === "None")
        .map((network) => {
            const name = network.text("SSID_STR") ?? "without a name";
            const hint = "use WPA2 or WPA3, or leave EncryptionType out";
            const place = network.get("EncryptionType");
            return finding("error", "{{rule}}", place, `the network ${name} is open`, hint);
        });
}

const exported = validator({ validate });
export const settings = exported.settings;
const own = exported.validator;
export { own as validator };
