// What a plugin in JavaScript uses: a profile that can be walked, findings, property lists and uuids
// for profiles that are made, and one call that makes the exports of a component. `sdk/wit` is the
// contract; this file only makes it comfortable.

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

// A profile of a set.
export class Member {
    constructor(edition, subject) {
        this.edition = edition;
        this.subject = subject;
        this.root = new Node(edition.document, 0);
    }

    // A place in it; without a node the profile as a whole.
    spot(node = null) {
        const place = node === null ? { tag: "document" } : { tag: "node", val: node.index };
        return { subject: this.subject, place };
    }
}

// A finding about a spot; `other` is one in the other of two profiles that do not go together.
export function setFinding(severity, rule, about, message, hint = null, other = null) {
    return { severity, rule, message, about, other, hint, extra: [] };
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

// The exports of a set validator: `validateSet(members, context, profiles)` returns findings, and
// so does `checkSettings(text)`. `profiles` is the record of the contract, which also has what is
// gone.
export function setValidator({ validateSet, checkSettings = () => [] }) {
    const member = ({ now }, index) => new Member(now, { tag: "member", val: index });
    return {
        settings: { check: (text) => told(() => checkSettings(text)) },
        setValidator: {
            validateSet: (profiles, context) =>
                told(() => validateSet(profiles.members.map(member), context, profiles)),
        },
    };
}

// The exports of a generator: `generate(seed, context)` returns what `output` makes, and
// `checkSettings(text)` returns findings.
export function generator({ generate, checkSettings = () => [] }) {
    return {
        settings: { check: (text) => told(() => checkSettings(text)) },
        generator: { generate: (seed, context) => told(() => generate(seed, context)) },
    };
}

// One profile that a generator makes: its key in the manifest, the property list, and findings.
export function output(key, root, notes = []) {
    return { key, profile: plist(root), notes };
}

// The settings, which have to be a JSON object.
export function settingsObject(text) {
    let settings;
    try {
        settings = JSON.parse(text);
    } catch (error) {
        throw new Failure("bad-settings", `the settings are no JSON: ${error.message}`);
    }
    if (settings === null || typeof settings !== "object" || Array.isArray(settings)) {
        throw new Failure("bad-settings", "the settings are no object");
    }
    return settings;
}

// What is wrong with settings, as findings of the rule `settings`: calls `work`, which throws a
// `Failure` if it cannot use them.
export function refusals(work) {
    try {
        work();
        return [];
    } catch (error) {
        if (!(error instanceof Failure)) throw error;
        return [finding("error", "settings", null, error.val)];
    }
}

const URL_NAMESPACE = "6ba7b8119dad11d180b400c04fd430c8";

// A uuid of version 5, in capitals: the same for the same seed and name, another for every other.
export function uuid(seed, name) {
    const space = URL_NAMESPACE.match(/../g).map((pair) => parseInt(pair, 16));
    const bytes = sha1([...space, ...utf8(`${seed}/${name}`)]).slice(0, 16);
    bytes[6] = (bytes[6] & 0x0f) | 0x50;
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    const digits = bytes.map((byte) => byte.toString(16).padStart(2, "0")).join("");
    return digits.replace(/^(.{8})(....)(....)(....)/, "$1-$2-$3-$4-").toUpperCase();
}

// The bytes of an XML property list. A text is a string, a BigInt or a whole number an integer,
// another number a real, a Uint8Array data, an array an array, and an object a dictionary, in the
// order of its members. Characters that XML cannot carry are left out.
export function plist(root) {
    const lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        '<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" ' +
            '"http://www.apple.com/DTDs/PropertyList-1.0.dtd">',
        '<plist version="1.0">',
    ];
    write(lines, "", root);
    lines.push("</plist>", "");
    return new Uint8Array(utf8(lines.join("\n")));
}

function write(lines, indent, value) {
    const line = (text) => lines.push(indent + text);
    const isNumber = typeof value === "number" && Number.isFinite(value);
    if (typeof value === "string") line(element("string", value));
    else if (typeof value === "boolean") line(value ? "<true/>" : "<false/>");
    else if (typeof value === "bigint") line(element("integer", String(value)));
    else if (isNumber && Number.isInteger(value)) line(element("integer", String(BigInt(value))));
    else if (isNumber) line(element("real", String(value)));
    else if (value instanceof Uint8Array) line(element("data", base64(value)));
    else if (Array.isArray(value)) {
        line("<array>");
        for (const item of value) write(lines, indent + "\t", item);
        line("</array>");
    } else if (value !== null && Object.getPrototypeOf(value) === Object.prototype) {
        line("<dict>");
        for (const [key, member] of Object.entries(value)) {
            line("\t" + element("key", key));
            write(lines, indent + "\t", member);
        }
        line("</dict>");
    } else {
        throw new TypeError(`a property list cannot have ${value}`);
    }
}

const MARKUP = { "&": "&amp;", "<": "&lt;", ">": "&gt;" };

function element(name, text) {
    const plain = text.replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\ufffe\uffff]/g, "");
    return `<${name}>${plain.replace(/[&<>]/g, (mark) => MARKUP[mark])}</${name}>`;
}

// There is no TextEncoder in every engine; half of a pair of surrogates becomes U+FFFD.
function utf8(text) {
    const bytes = [];
    for (const c of text) {
        const found = c.codePointAt(0);
        const point = found >= 0xd800 && found <= 0xdfff ? 0xfffd : found;
        const last = (shift) => 0x80 | ((point >> shift) & 0x3f);
        if (point < 0x80) bytes.push(point);
        else if (point < 0x800) bytes.push(0xc0 | (point >> 6), last(0));
        else if (point < 0x10000) bytes.push(0xe0 | (point >> 12), last(6), last(0));
        else bytes.push(0xf0 | (point >> 18), last(12), last(6), last(0));
    }
    return bytes;
}

const DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

function base64(bytes) {
    let text = "";
    for (let at = 0; at < bytes.length; at += 3) {
        const three = [0, 1, 2].map((next) => bytes[at + next] ?? 0);
        const bits = (three[0] << 16) | (three[1] << 8) | three[2];
        const four = [18, 12, 6, 0].map((shift) => DIGITS[(bits >> shift) & 0x3f]).join("");
        const kept = Math.min(bytes.length - at, 3) + 1;
        text += four.slice(0, kept).padEnd(4, "=");
    }
    return text;
}

// SHA-1 (FIPS 180-4), which uuids of version 5 are made with; not for secrets.
function sha1(bytes) {
    const bits = BigInt(bytes.length) * 8n;
    const length = [56n, 48n, 40n, 32n, 24n, 16n, 8n, 0n].map((by) => Number((bits >> by) & 255n));
    const zeros = new Array((119 - (bytes.length % 64)) % 64).fill(0);
    const message = [...bytes, 0x80, ...zeros, ...length];
    const turned = (word, by) => (word << by) | (word >>> (32 - by));
    const state = [0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0];
    for (let block = 0; block < message.length; block += 64) {
        const words = [];
        for (let at = block; at < block + 64; at += 4) {
            const [a, b, c, d] = message.slice(at, at + 4);
            words.push((a << 24) | (b << 16) | (c << 8) | d);
        }
        for (let at = 16; at < 80; at += 1) {
            const mixed = words[at - 3] ^ words[at - 8] ^ words[at - 14] ^ words[at - 16];
            words.push(turned(mixed, 1));
        }
        let [a, b, c, d, e] = state;
        words.forEach((word, at) => {
            let mixed = (b ^ c ^ d) + (at < 40 ? 0x6ed9eba1 : 0xca62c1d6);
            if (at < 20) mixed = ((b & c) | (~b & d)) + 0x5a827999;
            else if (at >= 40 && at < 60) mixed = ((b & c) | (b & d) | (c & d)) + 0x8f1bbcdc;
            [a, b, c, d, e] = [(turned(a, 5) + mixed + e + word) | 0, a, turned(b, 30), c, d];
        });
        [a, b, c, d, e].forEach((word, at) => {
            state[at] = (state[at] + word) | 0;
        });
    }
    return state.flatMap((word) => [24, 16, 8, 0].map((by) => (word >>> by) & 255));
}
