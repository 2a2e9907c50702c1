// The fourth part of the report's script: the findings that are listed, as a CSV file with the columns of the CSV report.

// The pattern is csv.py's; a cell that a spreadsheet might run starts with an apostrophe.
function harmless(text) {
  const shown = plain(text);
  return report.csv.formula.test(shown) ? `'${shown}` : shown;
}

function harmlessJson(text) {
  const escape = (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`;
  return text.replace(new RegExp(HIDDEN, "gu"), (character) => character.split("").map(escape).join(""));
}

function evidenceJson(row) {
  const json = JSON.stringify;
  const gapJson = ([error_code, iam_action, message]) => json({ error_code, iam_action, message });
  const facts = report.evidence.of(row).map(([path, value, source, gap]) =>
    `{"path":${json(path)},"value":${value},"source":${json(source)},"gap":${gap ? gapJson(gap) : null}}`);
  return `[${facts.join()}]`;
}

function placeText([file, itsLine, address] = []) {
  return [[file, itsLine].filter((part) => part != null && part !== "").join(":"), address].filter(Boolean).join(" ");
}

function cellsOf(row) {
  const { type, name, id, arn } = report.resources.of(row);
  return {
    ...report.csv.common,
    ...report.csv.rules[report.rule.at[row]],
    record: "finding",
    compliance_type: report.compliance_type.of(row),
    suppressed: suppressed(row) ? "yes" : "no",
    resource_type: harmless(type),
    resource_name: harmless(name),
    resource_id: harmless(id ?? ""),
    resource_arn: harmless(arn ?? ""),
    region: harmless(report.region.of(row) ?? ""),
    location: harmless(placeText(report.location.of(row) ?? [])),
    annotation: harmless(report.annotation.of(row)),
    evidence: harmlessJson(evidenceJson(row)),
    suppression: harmlessJson(report.suppression.of(row) ?? ""),
    fingerprint: harmless(fingerprint(row)),
    known: report.known.of(row) ? "yes" : "no",
    change: report.change.of(row) ?? "",
    causes: harmless(report.causes.of(row).join("; ")),
  };
}

function csvText() {
  const { columns } = report.csv;
  const quoted = (text) => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
  const lines = rows.map(cellsOf).map((cells) => columns.map((name) => quoted(cells[name] ?? "")).join());
  return ["\ufeff" + columns.join(), ...lines, ""].join("\r\n"); // the mark has Excel read UTF-8
}

function downloadCsv() {
  const address = URL.createObjectURL(new Blob([csvText()], { type: "text/csv" }));
  const account = report.account_id.replace(/\W/g, "") || "unknown";
  const link = element("a", { href: address, download: `iam-findings-${account}.csv` });
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
}
