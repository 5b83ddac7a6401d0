// What a plugin in JavaScript uses: a profile that can be walked, findings, and one call that makes
// the exports of a component. `sdk/wit` is the contract; this file only makes it comfortable.

import log from "mooring:plugin/log@0.1.0";

// Without this, asking for the time would stop the plugin without a word.
const noClock = () => {
    throw new Error("a plugin has no clock; the key `today` of the context's extra has the date");
};
globalThis.Date = new Proxy(Date, {
    apply: noClock,
    construct: (date, parts) => (parts.length === 0 ? noClock() : new date(...parts)),
    get: (date, name) => (name === "now" ? noClock : date[name]),
});

// One value of a profile.
export class Node {
    constructor(document, index) {
        this.document = document;
        this.index = index;
    }

    // "dictionary", "array", "string", "integer", "real", "boolean", "date" or "data".
    get kind() {
        return this.document.nodes[this.index].kind;
    }

    // Its key in the dictionary it stands in, or null.
    get key() {
        const key = this.document.nodes[this.index].key;
        return key == null ? null : this.document.texts[key];
    }

    // Its value: a text, a BigInt (integer), a number (real), true or false, bytes; null for
    // dictionaries and arrays.
    get value() {
        const { kind, value } = this.document.nodes[this.index];
        switch (kind) {
            case "string":
            case "date":
                return this.document.texts[value];
            case "integer":
                return BigInt(this.document.texts[value]);
            case "real":
                return this.document.reals[value];
            case "boolean":
                return value !== 0;
            case "data":
                return this.document.blobs[value];
            default:
                return null;
        }
    }

    // The values in a dictionary or an array, in the order of the file.
    *children() {
        const nodes = this.document.nodes;
        const end = nodes[this.index].end;
        for (let at = this.index + 1; at < end; at = nodes[at].end) {
            yield new Node(this.document, at);
        }
    }

    // The value under a key of a dictionary, or null.
    get(key) {
        if (this.kind !== "dictionary") return null;
        for (const child of this.children()) {
            if (child.key === key) return child;
        }
        return null;
    }

    // The text under a key, or null.
    text(key) {
        const node = this.get(key);
        return node !== null && node.kind === "string" ? node.value : null;
    }

    // The values of the array under a key; none if there is no such array.
    items(key) {
        const node = this.get(key);
        return node !== null && node.kind === "array" ? [...node.children()] : [];
    }
}

// A finding about a value; without one it is about the profile, or the settings, as a whole.
export function finding(severity, rule, node, message, hint = null) {
    const place = node === null ? { tag: "document" } : { tag: "node", val: node.index };
    return { severity, rule, message, place, hint, extra: [] };
}

// Why a plugin could not do its work; throw it. `tag` is "bad-settings", "unsupported" or "other".
export class Failure {
    constructor(tag, text) {
        this.tag = tag;
        this.val = text;
    }
}

// A line for the people who run the server.
export function info(text) {
    log.write("info", text);
}

// Calls `work`; the text of an exception reaches the administrator.
function told(work) {
    try {
        return work();
    } catch (error) {
        if (error instanceof Failure) throw { tag: error.tag, val: error.val };
        log.write("error", `panicked at ${error}\n${error.stack ?? ""}`);
        throw error;
    }
}

// The exports of a validator: `validate(root, context, bytes)` returns findings, and so does
// `checkSettings(text)`.
export function validator({ validate, checkSettings = () => [] }) {
    return {
        settings: { check: (text) => told(() => checkSettings(text)) },
        validator: {
            validate: (profile, context) =>
                told(() => validate(new Node(profile.document, 0), context, profile.bytes)),
        },
    };
}
