// The first part of the report's script (a module, so nothing leaks into the page): text made safe to show, and the
// findings unpacked. Whatever comes from the account enters the document as text nodes; there is no innerHTML here.
const byId = (id) => document.getElementById(id);
const number = (count) => count.toLocaleString("en");

// --- text

// Control, bidi, invisible, surrogate, a flood of marks: what visible.py spells out is spelt out here too.
const HIDDEN = /((?! )[\p{C}\p{Z}\p{DI}\u2800]|(?<=\p{M}{4})\p{M})/u;

function spelt(character) {
  const code = character.codePointAt(0).toString(16);
  if (code.length <= 2) return `\\x${code.padStart(2, "0")}`;
  return code.length <= 4 ? `\\u${code.padStart(4, "0")}` : `\\u{${code}}`;
}

function plain(text) {
  if (/^[ -~]*$/.test(text)) return text; // as most is, and quicker to see
  return HIDDEN.test(text) ? text.replace(new RegExp(HIDDEN, "gu"), spelt) : text;
}

function pieces(text) {
  return text.split(HIDDEN).map((piece, at) => (at % 2 ? element("span", { class: "spelt" }, spelt(piece)) : piece));
}

function element(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  for (const child of children) node.append(...(typeof child === "string" ? pieces(child) : [child]));
  return node;
}

function pairs(entries) {
  const rows = entries.map(([name, value]) => element("div", {}, element("dt", {}, name), element("dd", {}, value)));
  return element("dl", { class: "pairs" }, ...rows);
}

// --- unpacking

async function unpacked() {
  const text = atob(byId("payload").textContent.trim());
  const bytes = new Uint8Array(text.length);
  for (let at = 0; at < text.length; at++) bytes[at] = text.charCodeAt(at);
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Response(stream).json();
}

// Steps add up to each row's place among the distinct values.
function column({ values = [], steps = [] } = {}) {
  let place = 0;
  const at = new Int32Array(steps.length); // Int32Array.from takes twenty times as long
  steps.forEach((step, row) => (at[row] = place += step));
  return { values, at, of: (row) => values[at[row]] };
}

function resourcesOf({ type, id, name, arn }) {
  const types = column(type);
  const arns = column(arn);
  return name.map((itsName, row) => {
    const [start, endsInName] = arns.of(row);
    return { type: types.of(row), id: id[row], name: itsName, arn: endsInName ? start + itsName : start };
  });
}

// --- fingerprints: computed when a finding is opened, because random digits do not pack.
// crypto.subtle is missing where a page from disk is no secure context.

function primes(count) {
  const found = [];
  for (let number = 2; found.length < count; number++) {
    if (found.every((prime) => number % prime)) found.push(number);
  }
  return found;
}

let cubeRoots; // found once: a CSV file has a fingerprint for each finding

// https://csrc.nist.gov/pubs/fips/180-4/upd1/final
function sha256(bytes) {
  const fraction = (root) => ((root - Math.floor(root)) * 2 ** 32) | 0;
  const turned = (word, by) => (word >>> by) | (word << (32 - by));
  const constants = (cubeRoots ??= primes(64).map((prime) => fraction(Math.cbrt(prime))));
  const state = primes(8).map((prime) => fraction(Math.sqrt(prime)));
  const padded = new DataView(new ArrayBuffer(Math.ceil((bytes.length + 9) / 64) * 64));
  bytes.forEach((byte, at) => padded.setUint8(at, byte));
  padded.setUint8(bytes.length, 0x80);
  padded.setUint32(padded.byteLength - 4, bytes.length * 8);
  for (let block = 0; block < padded.byteLength; block += 64) {
    const words = new Int32Array(64);
    let [a, b, c, d, e, f, g, h] = state;
    for (let t = 0; t < 64; t++) {
      const [early, late] = [words[t - 15], words[t - 2]];
      words[t] = t < 16 ? padded.getInt32(block + 4 * t)
        : words[t - 16] + (turned(early, 7) ^ turned(early, 18) ^ (early >>> 3))
        + words[t - 7] + (turned(late, 17) ^ turned(late, 19) ^ (late >>> 10));
      const first = h + (turned(e, 6) ^ turned(e, 11) ^ turned(e, 25)) + ((e & f) ^ (~e & g)) + constants[t] + words[t];
      const second = (turned(a, 2) ^ turned(a, 13) ^ turned(a, 22)) + ((a & b) ^ (a & c) ^ (b & c));
      [h, g, f, e, d, c, b, a] = [g, f, e, (d + first) | 0, c, b, a, (first + second) | 0];
    }
    [a, b, c, d, e, f, g, h].forEach((word, at) => (state[at] = (state[at] + word) | 0));
  }
  return state.map((word) => (word >>> 0).toString(16).padStart(8, "0")).join("");
}
