// The generator `{{name}}`: one profile that shows a text at the login window.
//
// Every uuid is derived from the seed, which stays the same for the life of a binding, so that the
// same settings are the same profile.

import { Failure, generator, output, refusals, settingsObject, uuid } from "../sdk/mooring.js";

// Stands in the manifest too.
const IDENTIFIER = "{{id}}.login-text";

// The settings' only member.
function textOf(settings) {
    const { text } = settingsObject(settings);
    const wrong = (why) => new Failure("bad-settings", why);
    if (typeof text !== "string") throw wrong("`text` is missing, or no text");
    if (text === "") throw wrong("`text` is empty");
    return text;
}

function profile(seed, text) {
    const payload = {
        PayloadType: "com.apple.loginwindow",
        PayloadVersion: 1,
        PayloadIdentifier: `${IDENTIFIER}.window`,
        PayloadUUID: uuid(seed, `${IDENTIFIER}/window`),
        PayloadDisplayName: "Login window",
        LoginwindowText: text,
    };
    return {
        PayloadType: "Configuration",
        PayloadVersion: 1,
        PayloadIdentifier: IDENTIFIER,
        PayloadUUID: uuid(seed, `${IDENTIFIER}/profile`),
        PayloadDisplayName: "Text at the login window",
        PayloadDescription: "Shows a text at the login window.",
        PayloadOrganization: "Example",
        PayloadScope: "System",
        PayloadContent: [payload],
    };
}

function checkSettings(settings) {
    return refusals(() => textOf(settings));
}

function generate(seed, context) {
    return [output("login-text", profile(seed, textOf(context.settings)))];
}

const exported = generator({ generate, checkSettings });
export const settings = exported.settings;
const own = exported.generator;
export { own as generator };
