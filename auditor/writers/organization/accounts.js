// The list of accounts: searched, filtered, sorted, and opened one by one. What is shown lives in the address too.
const SIZES = [25, 100, 250];
const FIELDS = ["search", "state", "ou", "rule"];
const NOT_LISTED = "no organizational unit known";
let view;
let rows = []; // of the accounts that the view selects, in its order
const opened = new Set();

function viewOf(hash) {
  const given = new URLSearchParams(hash.replace(/^#/, ""));
  const oneOf = (name, choices, otherwise) => (choices.includes(given.get(name)) ? given.get(name) : otherwise);
  return {
    search: given.get("search") ?? "",
    state: oneOf("state", Object.keys(STATES), ""),
    ou: oneOf("ou", data.places.ou.map((_, at) => filterOf(at)), ""),
    rule: oneOf("rule", data.rules.map(([name]) => plain(name)), ""),
    sort: oneOf("sort", Object.keys(RANKS).flatMap((name) => [name, `-${name}`]), "worst"),
    size: Number(oneOf("size", SIZES.map(String), SIZES[0])),
    page: Math.max(Number.parseInt(given.get("page"), 10) || 1, 1),
  };
}

let remembering;

// Browsers throttle changes of the address, so a word being typed is one change.
function remember() {
  const usual = viewOf("");
  const unusual = Object.entries(view).filter(([name, value]) => String(value) !== String(usual[name]));
  const hash = new URLSearchParams(unusual.map(([name, value]) => [name, String(value)])).toString();
  clearTimeout(remembering);
  remembering = setTimeout(() => history.replaceState(null, "", location.href.split("#")[0] + (hash && `#${hash}`)), 150);
}

function change(wanted) {
  view = { ...view, page: 1, ...wanted };
  select();
  draw();
  remember();
}

// --- selecting and sorting

let texts; // what accounts are searched by; made by the first search

function textOf(row) {
  const { id, name, ou, state } = data.accounts;
  return plain(`${id[row]} ${name[row]} ${ou.of(row)} ${STATES[state.of(row)].text} ${errorOf(row)}`).toLowerCase();
}

const all = () => Array.from({ length: data.count }, (_, row) => row);
const ruleOf = (name) => data.rules.findIndex(([each]) => plain(each) === name);

function select() {
  const words = wordsOf(view.search);
  if (words.length) texts ??= all().map(textOf);
  const { ou, state } = data.accounts;
  const inside = ou.values.map((each) => !view.ou || (view.ou === "?" ? each === "" : `${plain(each)}/`.startsWith(`${view.ou}/`)));
  const [failing, undecided] = view.rule ? data.accounts.rules[ruleOf(view.rule)] : [];
  rows = all().filter((row) => inside[ou.at[row]]
    && (!view.state || state.of(row) === view.state)
    && (!view.rule || failing[row] || undecided[row])
    && (!words.length || holdsAll(texts[row], words)));
  const name = view.sort.replace("-", "");
  const ranks = name === "rule" ? ofRule() : (ranksBy[name] ??= RANKS[name]());
  const direction = view.sort.startsWith("-") ? -1 : 1;
  rows.sort((a, b) => direction * (ranks[a] - ranks[b]) || a - b);
}

const ofColumn = ({ values, at }) => {
  const ranks = ranked(values.map(String));
  return at.map((place) => ranks[place]);
};
const byCount = (counts) => () => counts().map((count, row) => (isKnown(row) ? -count : 1)); // what is unknown comes last
const isKnown = (row) => data.accounts.judged.of(row);

// The same as organization/worst.py.
function worst() {
  const { failing, counts, state } = data.accounts;
  const weight = (row) => [...failing.map((each) => -each[row]), !STATES[state.of(row)].auditable, isKnown(row), -counts[1][row]];
  const weights = all().map(weight);
  const compare = (a, b) => weights[a].reduce((found, each, at) => found || each - weights[b][at], 0);
  const ranks = new Int32Array(data.count);
  all().sort((a, b) => compare(a, b) || a - b).forEach((row, rank) => (ranks[row] = rank));
  return ranks;
}

function ofRule() {
  if (!view.rule) return (ranksBy.worst ??= RANKS.worst());
  const [failing, undecided] = data.accounts.rules[ruleOf(view.rule)];
  return failing.map((count, row) => -count - undecided[row] / 1e9);
}

const RANKS = {
  worst,
  id: () => ranked(data.accounts.id),
  name: () => ranked(data.accounts.id.map((_, row) => nameOf(row))),
  ou: () => ofColumn(data.accounts.ou),
  state: () => Int32Array.from(data.accounts.state.at),
  error: () => ranked(all().map((row) => errorOf(row) || "\uffff")),
  critical: byCount(() => data.accounts.failing[0]),
  high: byCount(() => data.accounts.failing[1]),
  medium: byCount(() => data.accounts.failing[2]),
  low: byCount(() => data.accounts.failing[3]),
  undecided: byCount(() => data.accounts.counts[1]),
  rule: ofRule,
};
const ranksBy = {};

// --- drawing

function draw() {
  const pages = Math.max(Math.ceil(rows.length / view.size), 1);
  view.page = Math.min(view.page, pages);
  const shown = rows.slice((view.page - 1) * view.size, view.page * view.size);
  byId("of-rule").hidden = !view.rule;
  byId("rows").replaceChildren(...shown.flatMap((row) => (opened.has(row) ? [line(row), detail(row)] : [line(row)])));
  byId("status").replaceChildren(...pieces(status()));
  drawPager("accounts", view.page, pages);
  byId("accounts-pager").hidden = data.count <= SIZES[0];
  for (const name of [...FIELDS, "size"]) byId(name).value = view[name];
  for (const heading of document.querySelectorAll("#accounts [data-sort]")) {
    const direction = { [heading.dataset.sort]: "ascending", [`-${heading.dataset.sort}`]: "descending" }[view.sort];
    if (direction) heading.setAttribute("aria-sort", direction);
    else heading.removeAttribute("aria-sort");
  }
}

function status() {
  const terms = filled([
    view.search && `search ${JSON.stringify(view.search)}`,
    view.state && `state ${STATES[view.state].text}`,
    view.ou && (view.ou === "?" ? NOT_LISTED : `in ${view.ou}`),
    view.rule && `open findings of ${view.rule}`,
  ]);
  const listed = (rows.length < data.count ? `${number(rows.length)} of ` : "") + counted(data.count, "account");
  return listed + (terms.length ? `: ${terms.join("; ")}` : "");
}

function line(row) {
  const { id, ou, state, failing, counts } = data.accounts;
  const { text, auditable } = STATES[state.of(row)];
  const expanded = opened.has(row);
  const toggle = { type: "button", "aria-label": plain(`Details of ${nameOf(row)}`), "aria-expanded": expanded, ...(expanded && { "aria-controls": `detail-${row}` }) };
  const name = element("bdi", {}, nameOf(row));
  const found = [...failing.map((each) => each[row]), counts[1][row]];
  const count = (each, place) => element("td", { class: "count", "data-label": [...data.severities, "undecided"][place] },
    isKnown(row) ? number(each) : auditable ? "?" : "–");
  return element("tr", { class: "account", "data-row": row },
    element("td", { class: "number" }, element("div", { class: "named" }, element("button", toggle), element("span", {}, id[row] || "unknown"))),
    element("td", { class: "name" }, linkOf(row) ? element("a", { href: linkOf(row) }, name) : name),
    element("td", { class: "unit" }, element("bdi", {}, ou.of(row) || "–")),
    element("td", {}, element("span", { class: "badge", "data-state": state.of(row) }, text)),
    element("td", { class: "error" }, element("div", {}, errorOf(row))),
    ...found.map(count),
    ...(view.rule ? [ruleCell(row)] : []));
}

function ruleCell(row) {
  const [failing, undecided] = data.accounts.rules[ruleOf(view.rule)].map((each) => each[row]);
  const text = filled([failing && number(failing), undecided && `${number(undecided)} undecided`]).join(" + ");
  return element("td", { class: "count", "data-label": "of the rule" }, text);
}

function detail(row) {
  const sides = element("div", { class: "sides" }, element("div", {}, facts(row)), element("div", {}, ...openRules(row)));
  return element("tr", { class: "detail", id: `detail-${row}` }, element("td", { colspan: 11 }, sides));
}

function moment(minutes) {
  return minutes == null ? "unknown" : `${new Date((data.began + minutes * 60) * 1000).toISOString().slice(0, 16).replace("T", " ")}Z`;
}

function facts(row) {
  const { ou, counts, suppressed, users, captured, reported } = data.accounts;
  const happened = data.accounts.error.of(row).flatMap(([code, message, actions, remedy]) => filled([
    (code || message) && ["What happened", completed(filled([code, message]).join(": "), row)],
    actions.length && ["Grant", element("code", {}, actions.join(", "))],
    remedy && ["What to do", completed(remedy, row)],
  ]));
  const kinds = ["NON_COMPLIANT", "INSUFFICIENT_DATA", "COMPLIANT", "NOT_APPLICABLE"].map((kind, place) => [kind, number(counts[place][row])]);
  const judged = [...kinds, ["Suppressed", number(suppressed[row])], ["Users", users[row] == null ? "unknown" : number(users[row])],
    ["Captured", moment(captured[row])], ["Credential report", moment(reported[row])]];
  const report = linkOf(row) ? [["Report", element("a", { href: linkOf(row) }, "The account's own report")]] : [];
  return pairs([...happened, ["Unit", element("bdi", {}, ou.of(row) || "unknown")], ...(isKnown(row) ? judged : []), ...report]);
}

function openRules(row) {
  const found = data.rules.flatMap(([name, severity], rule) => {
    const [failing, undecided] = data.accounts.rules[rule].map((each) => each[row]);
    return failing || undecided ? [[name, severity, failing, undecided]] : [];
  });
  if (!found.length) return [element("p", { class: "muted" }, isKnown(row) ? "No rule has open findings." : "No rule judged this account.")];
  const heads = ["Rule", "Severity", "NON_COMPLIANT", "INSUFFICIENT_DATA"].map((text, at) => element("th", { scope: "col", class: at > 1 ? "count" : "" }, text));
  const lines = found.map(([name, severity, failing, undecided]) => element("tr", {}, element("td", {}, name), element("td", { class: "severity" }, severity),
    element("td", { class: "count" }, number(failing)), element("td", { class: "count" }, number(undecided))));
  return [element("table", { class: "open" }, element("thead", {}, element("tr", {}, ...heads)), element("tbody", {}, ...lines))];
}
