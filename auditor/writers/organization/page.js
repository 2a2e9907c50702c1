// The last part of the front page's script: it begins here.

function toggle(line) {
  const row = Number(line.dataset.row);
  const button = line.querySelector("button");
  if (opened.delete(row)) line.nextElementSibling.remove();
  else {
    opened.add(row);
    line.after(detail(row));
  }
  button.setAttribute("aria-expanded", opened.has(row));
  button.setAttribute("aria-controls", opened.has(row) ? `detail-${row}` : "");
}

function listenToAccounts() {
  for (const name of FIELDS) byId(name).addEventListener("input", ({ target }) => change({ [name]: target.value }));
  byId("size").addEventListener("input", ({ target }) => change({ size: Number(target.value) }));
  byId("reset").addEventListener("click", () => change(viewOf("")));
  listenToPager("accounts", (by) => {
    change({ page: view.page + by });
    byId("status").scrollIntoView({ block: "nearest" });
  });
  for (const heading of document.querySelectorAll("#accounts [data-sort]")) {
    const { sort } = heading.dataset;
    const button = element("button", { type: "button" }, heading.textContent);
    button.addEventListener("click", () => change({ sort: view.sort === sort ? `-${sort}` : sort }));
    heading.replaceChildren(button);
  }
  byId("rows").addEventListener("click", (event) => {
    const selecting = event.detail > 0 && !getSelection().isCollapsed; // by mouse, to copy text
    const line = event.target.closest(".account");
    if (line && !selecting && !event.target.closest("a")) toggle(line);
  });
}

// Numbers and names in the page lead here; other fragments are places in the document.
function follow() {
  if (!location.hash.includes("=")) return;
  view = viewOf(location.hash);
  select();
  draw();
  byId("accounts").scrollIntoView();
}

function fillControls() {
  const option = ([value, text]) => element("option", { value }, text);
  const used = new Set(data.accounts.state.at);
  const states = Object.entries(STATES).filter((_, place) => used.has(place));
  byId("state").append(...states.map(([value, { text }]) => option([value, text])));
  const { ou, name, depth } = data.places;
  const units = ou.map((_, at) => [filterOf(at), `${"\u2003".repeat(depth[at] - depth[0])}${plain(name[at])}`]).filter(([value]) => value);
  byId("ou").append(...units.map(([value, text]) => Object.assign(document.createElement("option"), { value, textContent: text })));
  byId("ou").closest(".field").hidden = !units.length;
  byId("rule").append(...data.rules.slice(0, data.open_rules).map(([rule]) => option([plain(rule), rule])));
}

async function main() {
  data = tableOf(await unpacked());
  view = viewOf(location.hash);
  fillControls();
  listenToAccounts();
  listenToPlaces();
  unfoldFirst();
  document.querySelector(".matrix").setAttribute("role", "grid"); // its cells take the focus
  drawPlaces();
  if (data.causes.name.length) {
    listenToCauses();
    searchCauses();
  }
  select();
  draw();
  for (const part of document.querySelectorAll(".scripted")) part.hidden = false;
  for (const part of document.querySelectorAll(".unscripted")) part.hidden = true;
  addEventListener("hashchange", follow);
  follow();
  document.documentElement.dataset.readyMs = Math.round(performance.now());
  document.documentElement.dataset.ready = "true";
}

main().catch((error) => {
  byId("failure").textContent = `The lists could not be shown (${error}). A current browser shows them; the JSON report holds everything.`;
  byId("failure").hidden = false;
});
