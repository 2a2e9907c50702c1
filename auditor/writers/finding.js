// The second part of the report's script: a finding as a row of the table, and what unfolds below it.

function badge(kind) {
  return element("span", { class: "badge", "data-kind": kind }, kind);
}

// AWS::IAM::ServerCertificate may continue on the next line after each colon.
function breakable(type) {
  return type.split(/(?<=::)/).flatMap((part, at) => (at ? [element("wbr"), part] : [part]));
}

function line(row) {
  const resource = report.resources.of(row);
  const expanded = opened.has(row);
  const label = `Details of ${resource.name}, ${report.names[report.rule.at[row]]}`;
  const controls = expanded ? { "aria-controls": `detail-${row}` } : {};
  const toggle = { type: "button", "aria-label": plain(label), "aria-expanded": expanded, ...controls };
  const verdict = element("td", {}, badge(report.compliance_type.of(row)));
  if (suppressed(row)) verdict.append(" ", element("span", { class: "badge set-aside" }, "suppressed"));
  if (report.known.of(row)) verdict.append(" ", element("span", { class: "badge set-aside" }, "known"));
  const effect = report.change.of(row);
  if (effect) verdict.append(" ", element("span", { class: "badge set-aside" }, effect));
  const [since, isNew] = report.seen.of(row) ?? [];
  if (isNew) verdict.append(" ", element("span", { class: "badge set-aside" }, "new"));
  return element("tr", { class: "finding", "data-row": row },
    element("td", {}, element("div", { class: "named" }, element("button", toggle),
      element("a", { class: "name", href: resourceLink(resource) }, element("bdi", {}, resource.name)))),
    element("td", {}, ...breakable(resource.type)),
    verdict,
    element("td", { class: "severity" }, severity(row)),
    element("td", {}, report.names[report.rule.at[row]], ...question(row)),
    element("td", {}, report.annotation.of(row), ...(since ? [element("div", { class: "asks" }, `First seen ${since}`)] : [])));
}

// The time and age of the credential report stand once in the head of the page, and in each finding's details.
function credentialReport(row) {
  const rests = report.evidence.of(row).some(([, , source]) => source === "credential-report");
  return rests && report.credential_report ? [["Credential report", report.credential_report]] : [];
}

// Beside each other the findings on one resource are told apart by what their rules ask.
function question(row) {
  const asked = view.resource && byId(`asks-${report.rule.at[row]}`);
  return asked ? [element("div", { class: "asks" }, asked.textContent)] : [];
}

function detail(row) {
  const sides = element("div", { class: "sides" },
    element("div", {}, facts(row), ...evidence(row), ...suppression(row)),
    element("div", {}, ...rulePage(row)));
  return element("tr", { class: "detail", id: `detail-${row}` }, element("td", { colspan: 6 }, sides));
}

function facts(row) {
  const { id, arn } = report.resources.of(row);
  const muted = (text) => element("span", { class: "muted" }, text);
  const [file, itsLine, address] = report.location.of(row) ?? [];
  const place = [file, itsLine].filter((part) => part != null).join(":");
  return pairs([
    ["Annotation", report.annotation.of(row)],
    ...(report.seen.of(row) ? [["First seen", report.seen.of(row)[0]]] : []),
    ...credentialReport(row),
    ["ARN", arn ?? muted("unknown")],
    ["Id", id ?? muted("unknown")],
    ...(report.region.of(row) != null ? [["Region", report.region.of(row)]] : []),
    ...(place ? [["Location", place]] : []),
    ...(address != null ? [["Address", address]] : []),
    ...(report.change.of(row) ? [["Planned change", report.change.of(row)]] : []),
    ...report.causes.of(row).map((cause) => ["Because", cause]),
    ["Fingerprint", element("code", {}, fingerprint(row))],
  ]);
}

function fingerprint(row) {
  const { type, name, arn } = report.resources.of(row);
  const region = report.region.of(row) ?? "";
  const parts = [report.fingerprint_version, report.account_id, region, report.rule.of(row), type, "", arn || name];
  return report.fingerprint.of(row) ?? sha256(new TextEncoder().encode(parts.join("\0"))).slice(0, 32);
}

function evidence(row) {
  const known = report.evidence.of(row);
  if (!known.length) return [element("h3", {}, "Evidence"), element("p", { class: "muted" }, "None recorded.")];
  const headings = ["Path", "Value", "Source"].map((name) => element("th", { scope: "col" }, name));
  const lines = known.map(([path, value, source, gap]) => element("tr", {},
    element("td", {}, element("code", {}, path)), element("td", {}, gap ? unknown(gap) : element("code", {}, value)),
    element("td", {}, source)));
  return [element("h3", {}, "Evidence"), element("table", { class: "evidence" },
    element("thead", {}, element("tr", {}, ...headings)), element("tbody", {}, ...lines))];
}

function unknown([code, action, message]) {
  return `unknown (${code}): ${message}${action ? `; grant ${action}` : ""}`;
}

function suppression(row) {
  if (!suppressed(row)) return [];
  const entries = Object.entries(JSON.parse(report.suppression.of(row)));
  const shown = entries.map(([name, value]) => [name, typeof value === "string" ? value : JSON.stringify(value)]);
  return [element("h3", {}, "Suppressed"), pairs(shown)];
}

// The rules' pages stand in the static part already; what is written once is copied from there.
function rulePage(row) {
  const article = byId(`rule-${report.rule.at[row]}`);
  const remedy = remedyOf(row);
  if (!article) return remedy;
  const wanted = [...(remedy.length ? [] : [".fix"]), ".page", ".source"];
  const parts = wanted.flatMap((part) => [...article.querySelectorAll(part)]);
  const copies = parts.map((part) => part.cloneNode(true));
  for (const copy of copies) {
    copy.querySelector(`.meanings [data-kind="${report.compliance_type.of(row)}"]`)?.classList.add("current");
  }
  return [...remedy, ...copies];
}

// A rule's own fix is for what was found; where nothing could be found out, it would be the wrong thing to do.
function remedyOf(row) {
  const sentences = report.remedies.of(row);
  if (!sentences.length) return [];
  const paragraphs = sentences.map((sentence) => element("p", {}, sentence));
  return [element("div", { class: "fix" }, element("h4", {}, "What to grant or supply"), ...paragraphs)];
}
