// The third part of the report's script: everything about one resource, at an address of its own.

let before; // the view that a resource was chosen in, to go back to

// Names alone are not unique among users, groups and roles; some resources have no ARN.
const keyOf = ({ type, name, arn }) => plain(arn || `${type}/${name}`);
const resourceLink = (resource) => `#${new URLSearchParams({ resource: keyOf(resource) })}`;

function placesOf(key) {
  const places = new Set();
  report.resources.values.forEach((resource, place) => keyOf(resource) === key && places.add(place));
  return places;
}

function drawResource() {
  byId("resource").hidden = !view.resource;
  byId("controls").hidden = Boolean(view.resource);
  if (!view.resource) return;
  const { type, name, arn, id } = rows.length ? report.resources.of(rows[0]) : { name: view.resource };
  const known = [["Type", type], ["ARN", arn], ["Id", id]].filter(([, value]) => value != null);
  const counts = rows.length ? element("ul", { class: "verdicts" }, ...verdicts()) : "This report has no findings on it.";
  byId("resource-title").replaceChildren("Everything about ", element("bdi", {}, name));
  byId("resource-facts").replaceChildren(pairs(known), counts);
}

function verdicts() {
  const counted = KINDS.map((kind) => [kind, rows.filter((row) => report.compliance_type.of(row) === kind).length]);
  const found = counted.filter(([, count]) => count);
  return found.map(([kind, count]) => element("li", {}, badge(kind), ` ${number(count)}`));
}

function enterResource() {
  byId("findings").scrollIntoView();
  byId("resource-title").focus({ preventScroll: true });
}

function leaveResource() {
  const key = view.resource;
  change(before ?? viewOf(""));
  const links = [...byId("rows").querySelectorAll("a.name")];
  const link = links.find((each) => each.hash === `#${new URLSearchParams({ resource: key })}`);
  (link ?? byId("search")).focus();
}
