// The last part of the report's script: the reader searches, filters, sorts and opens findings.
const KINDS = ["NON_COMPLIANT", "INSUFFICIENT_DATA", "COMPLIANT", "NOT_APPLICABLE"];
const SEVERITIES = ["CRITICAL", "HIGH", "MEDIUM", "LOW"];
const SIZES = [50, 100, 250];
const FIELDS = ["search", "rule", "type", "severity", "suppressed", "change"];
const EFFECTS = ["introduced", "undetermined", "unchanged", "resolved"];

// --- the view: which findings are shown and how. It lives in the address too, so that it can be kept or sent.

let report; // set once, by main()
let view;
let rows = []; // of the findings that the view selects, in its order
const opened = new Set();

function tableOf({ credential_report, account_id, fingerprint_version, names, severities, findings, csv }) {
  const { resource, ...others } = findings;
  const columns = Object.fromEntries(Object.entries(others).map(([name, packed]) => [name, column(packed)]));
  const resources = column({ values: resourcesOf(resource.values), steps: resource.steps });
  const types = [...new Set(resources.values.map((itsResource) => itsResource.type))].sort();
  return { ...columns, credential_report, resources, types, names, severities, account_id, fingerprint_version, csv: { ...csv, formula: new RegExp(`^${csv.formula}`) } };
}

const suppressed = (row) => report.suppression.of(row) !== null;
const severity = (row) => report.severities[report.rule.at[row]];

function viewOf(hash) {
  const address = new URLSearchParams(hash.replace(/^#/, ""));
  const resource = address.get("resource") ?? "";
  const given = resource ? new URLSearchParams({ sort: address.get("sort") ?? "" }) : address; // nothing of it is filtered out
  const oneOf = (name, choices, otherwise) => (choices.includes(given.get(name)) ? given.get(name) : otherwise);
  const kinds = (given.get("show") ?? KINDS.join()).split(",");
  return {
    resource,
    search: given.get("search") ?? "",
    rule: oneOf("rule", report.rule.values.map(plain), ""),
    type: oneOf("type", report.types.map(plain), ""),
    severity: oneOf("severity", SEVERITIES, ""),
    suppressed: oneOf("suppressed", ["hide", "only"], ""),
    change: oneOf("change", EFFECTS, ""),
    show: KINDS.filter((kind) => kinds.includes(kind)),
    sort: oneOf("sort", Object.keys(RANKS).flatMap((name) => [name, `-${name}`]), "verdict"),
    size: Number(oneOf("size", SIZES.map(String), SIZES[0])),
    page: Math.max(Number.parseInt(given.get("page"), 10) || 1, 1),
  };
}

function hashOf(wanted) {
  const usual = viewOf("");
  const unusual = Object.entries(wanted).filter(([name, value]) => String(value) !== String(usual[name]));
  const hash = new URLSearchParams(unusual.map(([name, value]) => [name, String(value)])).toString();
  return hash && `#${hash}`;
}

let remembering;

// Browsers throttle changes of the address, so a word being typed is one change.
function remember() {
  clearTimeout(remembering);
  remembering = setTimeout(() => history.replaceState(null, "", location.href.split("#")[0] + hashOf(view)), 150);
}

function change(wanted) {
  view = { ...view, page: 1, ...wanted };
  select();
  draw();
  remember();
}

// --- selecting and sorting

let searched; // the texts that each finding is searched by, as shown and in lower case; made by the first search

function searchedTexts() {
  const shown = (texts) => texts.map((text) => plain(text).toLowerCase());
  const { resources, annotation, rule, compliance_type } = report;
  const ofResource = ({ type, name, arn, id }) => `${type} ${name} ${arn ?? ""} ${id ?? ""}`;
  const ofRule = (name, place) => `${name} ${report.names[place]} ${report.severities[place]}`;
  return [
    { at: resources.at, texts: shown(resources.values.map(ofResource)) },
    { at: annotation.at, texts: shown(annotation.values) },
    { at: rule.at, texts: shown(rule.values.map(ofRule)) },
    { at: compliance_type.at, texts: shown(compliance_type.values), holds: holdsKind },
  ];
}

// "compliant" is the end of "non_compliant" too, and is not what its reader looks for.
const holdsKind = (kind, word) => (word === "compliant" ? kind === word : kind.includes(word));

function wordsOf(search) {
  const joined = plain(search).toLowerCase().replace(/\b(non|not|insufficient)[ -](compliant|applicable|data)\b/g, "$1_$2");
  return joined.split(" ").filter(Boolean).slice(0, 30);
}

// A bit for each word that a text holds; a finding matches if its texts together hold all.
function bitsOf({ at, texts, holds = (text, word) => text.includes(word) }, words) {
  const bits = texts.map((text) => words.reduce((found, word, place) => found | (holds(text, word) ? 1 << place : 0), 0));
  return { at, bits };
}

function finder(search) {
  const words = wordsOf(search);
  if (!words.length) return () => true;
  const [a, b, c, d] = (searched ??= searchedTexts()).map((column) => bitsOf(column, words)); // in a loop it takes longer
  const all = 2 ** words.length - 1;
  return (row) => (a.bits[a.at[row]] | b.bits[b.at[row]] | c.bits[c.at[row]] | d.bits[d.at[row]]) === all;
}

const isOf = (places) => (row) => places.has(report.resources.at[row]);

function select() {
  const found = view.resource ? isOf(placesOf(view.resource)) : finder(view.search);
  const counts = Object.fromEntries(KINDS.map((kind) => [kind, { usual: 0, aside: 0 }]));
  rows = [];
  for (let row = 0; row < report.resources.at.length; row++) {
    if (!found(row) || !passes(row)) continue;
    const kind = report.compliance_type.of(row);
    counts[kind][suppressed(row) ? "aside" : "usual"]++;
    if (view.show.includes(kind)) rows.push(row);
  }
  for (const [kind, { usual, aside }] of Object.entries(counts)) {
    byId(`show-${kind}`).textContent = number(usual) + (aside ? ` + ${number(aside)} suppressed` : "");
  }
  sort();
}

function passes(row) {
  return (!view.rule || plain(report.rule.of(row)) === view.rule)
    && (!view.type || plain(report.resources.of(row).type) === view.type)
    && (!view.severity || severity(row) === view.severity)
    && (!view.change || report.change.of(row) === view.change)
    && (!view.suppressed || suppressed(row) === (view.suppressed === "only"));
}

const collator = new Intl.Collator("en", { numeric: true });

function ranked(texts, at) {
  const order = texts.map((_, place) => place).sort((a, b) => collator.compare(texts[a], texts[b]));
  const ranks = new Int32Array(texts.length);
  order.forEach((place, rank) => (ranks[place] = rank));
  return at.map((place) => ranks[place]);
}

// What a planned change introduces, or may, then worst first, then by severity; what is suppressed comes last.
function verdictRank(place, row) {
  const effect = (EFFECTS.indexOf(report.change.of(row)) + EFFECTS.length + 1) % (EFFECTS.length + 1);
  return (suppressed(row) ? 256 : 0) + Math.min(effect, 2) * 64 + place * 8 + SEVERITIES.indexOf(severity(row));
}

const RANKS = {
  name: () => ranked(report.resources.values.map((resource) => resource.name), report.resources.at),
  type: () => ranked(report.resources.values.map((resource) => resource.type), report.resources.at),
  verdict: () => report.compliance_type.at.map(verdictRank),
  severity: () => report.rule.at.map((_, row) => SEVERITIES.indexOf(severity(row))),
  rule: () => ranked(report.rule.values, report.rule.at),
  annotation: () => ranked(report.annotation.values, report.annotation.at),
};
const ranksBy = {};

function sort() {
  const name = view.sort.replace("-", "");
  const ranks = (ranksBy[name] ??= RANKS[name]());
  const direction = view.sort.startsWith("-") ? -1 : 1;
  rows.sort((a, b) => direction * (ranks[a] - ranks[b]) || a - b);
}

// --- drawing

function draw({ printing = false } = {}) {
  const pages = Math.max(Math.ceil(rows.length / view.size), 1);
  view.page = Math.min(view.page, pages);
  const first = (view.page - 1) * view.size;
  const isShown = (row, at) => (at >= first && at < first + view.size) || (printing && opened.has(row));
  const shown = rows.filter(isShown);
  byId("rows").replaceChildren(...shown.flatMap((row) => (opened.has(row) ? [line(row), detail(row)] : [line(row)])));
  byId("status").replaceChildren(...pieces(status() + (printing ? leftOut(shown.length) : "")));
  drawOpening();
  byId("position").textContent = `Page ${number(view.page)} of ${number(pages)}`;
  byId("previous").disabled = view.page === 1;
  byId("next").disabled = view.page === pages;
  drawControls();
  drawResource();
}

// On paper stands what is on the screen, and what was opened on other pages of the list.
function leftOut(printed) {
  if (printed === rows.length) return "";
  const others = number(rows.length - printed);
  return `. ${number(printed)} are printed and ${others} left out: narrow or turn the list to print others, or download it as CSV`;
}

const onPage = () => rows.slice((view.page - 1) * view.size, view.page * view.size);

function drawOpening() {
  const shown = onPage();
  const areOpen = shown.length > 0 && shown.every((row) => opened.has(row));
  byId("open").textContent = areOpen ? "Close all on this page" : "Open all on this page";
  byId("open").disabled = !shown.length;
}

function openOrClose() {
  const shown = onPage();
  const areOpen = shown.every((row) => opened.has(row));
  for (const row of shown) opened[areOpen ? "delete" : "add"](row);
  draw();
}

function status() {
  const all = report.resources.at.length;
  const aside = rows.filter(suppressed).length;
  const terms = [
    view.resource && `resource ${view.resource}`,
    view.search && `search ${JSON.stringify(view.search)}`,
    view.rule && `rule ${view.rule}`,
    view.type && `resource type ${view.type}`,
    view.severity && `severity ${view.severity}`,
    view.show.length < KINDS.length && (view.show.join(", ") || "no compliance type"),
    view.change && `${view.change} by the planned change`,
    view.suppressed && (view.suppressed === "only" ? "only suppressed" : "without suppressed"),
  ].filter(Boolean);
  const listed = rows.length === all ? `${number(all)} findings` : `${number(rows.length)} of ${number(all)} findings`;
  const apart = aside ? `, ${number(aside)} of them suppressed` : "";
  return listed + apart + (terms.length ? `: ${terms.join("; ")}` : "");
}

function drawControls() {
  for (const name of [...FIELDS, "size"]) byId(name).value = view[name];
  for (const box of byId("show").querySelectorAll("input")) box.checked = view.show.includes(box.value);
  for (const button of document.querySelectorAll("[data-sort]")) {
    const direction = { [button.dataset.sort]: "ascending", [`-${button.dataset.sort}`]: "descending" }[view.sort];
    const heading = button.closest("th");
    if (direction) heading.setAttribute("aria-sort", direction);
    else heading.removeAttribute("aria-sort");
  }
}

// --- the reader's hands

function toggle(finding) {
  const row = Number(finding.dataset.row);
  const button = finding.querySelector("button");
  if (opened.delete(row)) {
    finding.nextElementSibling.remove();
    button.removeAttribute("aria-controls");
  } else {
    opened.add(row);
    finding.after(detail(row));
    button.setAttribute("aria-controls", `detail-${row}`);
  }
  button.setAttribute("aria-expanded", opened.has(row));
  drawOpening();
}

function turnTo(page) {
  change({ page });
  byId("status").scrollIntoView({ block: "nearest" });
}

function listen() {
  for (const name of FIELDS) {
    byId(name).addEventListener("input", (event) => change({ [name]: event.target.value }));
  }
  byId("size").addEventListener("input", (event) => change({ size: Number(event.target.value) }));
  byId("show").addEventListener("input", () => {
    change({ show: [...byId("show").querySelectorAll("input:checked")].map((box) => box.value) });
  });
  byId("reset").addEventListener("click", () => change(viewOf("")));
  byId("back").addEventListener("click", leaveResource);
  byId("open").addEventListener("click", openOrClose);
  byId("csv").addEventListener("click", downloadCsv);
  byId("previous").addEventListener("click", () => turnTo(view.page - 1));
  byId("next").addEventListener("click", () => turnTo(view.page + 1));
  for (const { dataset } of document.querySelectorAll("[data-sort]")) {
    byId("browser").querySelector(`[data-sort="${dataset.sort}"]`).addEventListener("click", () => {
      change({ sort: view.sort === dataset.sort ? `-${dataset.sort}` : dataset.sort });
    });
  }
  byId("rows").addEventListener("click", (event) => {
    const selecting = event.detail > 0 && !getSelection().isCollapsed; // by mouse, to copy text
    const finding = event.target.closest(".finding");
    if (finding && !selecting && !event.target.closest("a")) toggle(finding);
  });
  addEventListener("hashchange", follow);
  addEventListener("beforeprint", () => draw({ printing: true }));
  addEventListener("afterprint", () => draw());
}

// A number in the table of rules leads here, and a resource's name; other fragments are places in the document.
function follow() {
  if (!view.resource) before = view;
  if (location.hash.includes("=")) show(viewOf(location.hash));
  else if (view.resource) show(before ?? viewOf(""));
}

function show(wanted) {
  view = wanted;
  select();
  draw();
  if (view.resource) enterResource();
  else if (location.hash.includes("=") || !location.hash) byId("findings").scrollIntoView();
}

function fillControls() {
  const option = (text) => element("option", { value: plain(text) }, plain(text));
  byId("rule").append(...report.rule.values.map(option));
  byId("type").append(...report.types.map(option));
  byId("severity").append(...SEVERITIES.filter((each) => report.severities.includes(each)).map(option));
  byId("suppressed").closest(".field").hidden = report.suppression.values.every((value) => value === null);
  const effects = EFFECTS.filter((each) => report.change.values.includes(each));
  byId("change").append(...effects.map(option));
  byId("change").closest(".field").hidden = !effects.length;
  byId("show").append(...KINDS.map((kind) => element("label", { "data-kind": kind },
    element("input", { type: "checkbox", value: kind }), kind, element("output", { id: `show-${kind}` }))));
}

async function main() {
  report = tableOf(await unpacked());
  view = viewOf(location.hash);
  fillControls();
  listen();
  select();
  draw();
  byId("browser").hidden = false;
  if (view.resource) enterResource();
  document.documentElement.dataset.readyMs = Math.round(performance.now());
  document.documentElement.dataset.ready = "true";
}

main().catch((error) => {
  byId("failure").textContent = `The list of findings could not be shown (${error}). A current browser shows it; the JSON report holds every finding.`;
  byId("failure").hidden = false;
});
