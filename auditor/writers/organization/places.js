// The tree of organizational units with its heat map: places are unfolded, and a cell leads to its accounts.
const unfolded = new Set();
const STEPS = [5, 20, 50, 80]; // per cent: html.py's

// The same as html.py's heat().
function heat(failing, unknown, active) {
  if (!failing) return unknown ? ["?", "q"] : ["·", ""];
  const share = (100 * failing) / active;
  const step = STEPS.filter((bound) => share > bound).length;
  return [share >= 1 ? evenly(share) : "<1", `h${step}${unknown ? " q" : ""}`];
}

// The same as numbers.py's compact().
function compact(count) {
  if (count < 10_000) return number(count);
  return count < 1_000_000 ? `${Math.floor(count / 1_000)}k` : `${(Math.floor(count / 100_000) / 10).toFixed(1)}M`;
}

// As Python rounds: a half to the even neighbour.
function evenly(share) {
  const floor = Math.floor(share);
  const up = share - floor === 0.5 ? floor % 2 : Math.round(share) - floor;
  return String(floor + up);
}

function* visiblePlaces() {
  const { inside } = data.places;
  for (let at = 0; at < inside.length; at += unfolded.has(at) ? 1 : 1 + inside[at]) yield at;
}

function drawPlaces() {
  byId("places-rows").replaceChildren(...[...visiblePlaces()].map(placeRow));
  const first = byId("places-rows").querySelector(".heat");
  if (first) first.tabIndex = 0; // one cell takes the focus, arrows move it
}

function placeRow(at) {
  const { name, depth, inside, active, audited, severities, undecided, failing, unknown } = data.places;
  const open = unfolded.has(at);
  const toggle = { type: "button", class: "fold", "aria-expanded": open, "aria-label": plain(`Units in ${name[at]}`) };
  const head = element("th", { scope: "row", class: "place" }, inside[at] ? element("button", toggle) : element("span", { class: "fold" }),
    element("a", { href: placeLink(at) }, element("bdi", {}, name[at])));
  const counts = [...severities.map((each) => each[at]), undecided[at]];
  const cells = failing.map((each, rule) => {
    const [text, kind] = heat(each[at], unknown[rule][at], active[at]);
    return element("td", { class: filled(["heat", kind]).join(" "), "data-rule": rule, tabindex: -1 }, text);
  });
  return element("tr", { "data-place": at, "data-depth": Math.min(depth[at] - depth[0], 8) }, head,
    element("td", { class: filled(["count", audited[at] < active[at] && "short"]).join(" ") }, `${number(audited[at])} of ${number(active[at])}`),
    ...counts.map((count, place) => element("td", { class: "count", title: number(count) }, compact(count))),
    ...cells);
}

// The filter of a place: its path, "?" where no unit is known, nothing for all accounts.
const filterOf = (at) => (data.places.ou[at] === "" ? "?" : plain(data.places.ou[at] ?? ""));
const placeLink = (at, more = {}) => `#${new URLSearchParams({ ou: filterOf(at), ...more })}`;

function placeAndRule(cell) {
  return [Number(cell.closest("tr").dataset.place), Number(cell.dataset.rule)];
}

function describe(cell) {
  const [at, rule] = placeAndRule(cell);
  const { ou, name, active, failing, unknown } = data.places;
  const counted = `${number(failing[rule][at])} of ${number(active[at])} active accounts NON_COMPLIANT`;
  const doubt = unknown[rule][at] ? `, ${number(unknown[rule][at])} not known` : "";
  byId("places-status").replaceChildren(...pieces(`${ou[at] || name[at]}, ${data.rules[rule][0]}: ${counted}${doubt}. Click or press Enter to list them.`));
}

function moveFocus(cell, key) {
  const row = cell.closest("tr");
  const sideways = { ArrowLeft: cell.previousElementSibling, ArrowRight: cell.nextElementSibling };
  const other = { ArrowUp: row.previousElementSibling, ArrowDown: row.nextElementSibling };
  const next = key in sideways ? sideways[key] : other[key]?.cells[cell.cellIndex];
  if (!next?.classList.contains("heat")) return;
  cell.tabIndex = -1;
  next.tabIndex = 0;
  next.focus();
}

function listenToPlaces() {
  const rows = byId("places-rows");
  const toAccounts = (cell) => {
    const [at, rule] = placeAndRule(cell);
    location.hash = placeLink(at, { rule: plain(data.rules[rule][0]) });
  };
  rows.addEventListener("click", ({ target }) => {
    if (target.closest("button")) fold(Number(target.closest("tr").dataset.place));
    else if (target.closest(".heat")) toAccounts(target.closest(".heat"));
  });
  rows.addEventListener("keydown", (event) => {
    const cell = event.target.closest(".heat");
    if (!cell) return;
    if (event.key === "Enter") toAccounts(cell);
    else if (event.key.startsWith("Arrow")) {
      event.preventDefault(); // of scrolling
      moveFocus(cell, event.key);
    }
  });
  for (const kind of ["focusin", "mouseover"]) {
    rows.addEventListener(kind, ({ target }) => target.closest(".heat") && describe(target.closest(".heat")));
  }
}

function fold(at) {
  if (!unfolded.delete(at)) unfolded.add(at);
  drawPlaces();
  byId("places-rows").querySelector(`[data-place="${at}"] button`).focus();
}

function unfoldFirst() {
  data.places.depth.forEach((depth, at) => depth < data.shown && data.places.inside[at] && unfolded.add(at));
}
