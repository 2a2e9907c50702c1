// The faults that several accounts share: searched, and a page at a time.
const CAUSES_A_PAGE = 20; // html.py's
let causeTexts; // what causes are searched by; made by the first search
let foundCauses = [];
let causePage = 1;

function causeText(row) {
  const { rule, type, name, digest } = data.causes;
  const [ruleName, severity] = data.rules[rule.of(row)];
  return plain(`${ruleName} ${severity} ${type.of(row)} ${name[row]} ${digest[row] ?? ""}`).toLowerCase();
}

function searchCauses() {
  const words = wordsOf(byId("causes-search").value);
  const all = data.causes.name.map((_, row) => row);
  causeTexts ??= words.length ? all.map(causeText) : undefined;
  foundCauses = words.length ? all.filter((row) => holdsAll(causeTexts[row], words)) : all;
  causePage = 1;
  drawCauses();
}

function drawCauses() {
  const pages = Math.max(Math.ceil(foundCauses.length / CAUSES_A_PAGE), 1);
  const shown = foundCauses.slice((causePage - 1) * CAUSES_A_PAGE, causePage * CAUSES_A_PAGE);
  byId("causes-rows").replaceChildren(...shown.map(causeRow));
  const all = data.causes.name.length;
  const searching = foundCauses.length < all ? `${number(foundCauses.length)} of ` : "";
  byId("causes-status").textContent = `${searching}${counted(all, "cause")} in more than one account`;
  drawPager("causes", causePage, pages);
}

function causeRow(row) {
  const { rule, type, name, digest, accounts, first } = data.causes;
  const [ruleName, severity] = data.rules[rule.of(row)];
  let at = 0;
  const rows = first[row].map((step) => (at += step));
  const known = digest[row] ? [" ", element("span", { class: "muted" }, "document ", element("code", {}, digest[row]))] : [];
  return element("tr", {},
    element("td", { class: "count", "data-label": "Accounts" }, number(accounts[row])),
    element("td", { class: "severity" }, severity),
    element("td", {}, ruleName),
    element("td", {}, element("bdi", {}, name[row] || "the account itself"), ...known, element("div", { class: "muted" }, type.of(row))),
    element("td", { class: "text" }, element("details", {},
      element("summary", {}, accounts[row] > rows.length ? `The first ${number(rows.length)} of ${number(accounts[row])}` : `All ${number(accounts[row])}`),
      element("ul", { class: "named" }, ...rows.map(accountItem)))));
}

function accountItem(row) {
  const id = data.accounts.id[row];
  const more = data.accounts.name[row] ? [" ", element("bdi", {}, data.accounts.name[row])] : [];
  return element("li", {}, element("a", { href: `#${new URLSearchParams({ search: plain(id || nameOf(row)) })}` }, id || "no number"), ...more);
}

function listenToCauses() {
  byId("causes-search").addEventListener("input", searchCauses);
  listenToPager("causes", (by) => {
    causePage += by;
    drawCauses();
    byId("causes-status").scrollIntoView({ block: "nearest" });
  });
}
