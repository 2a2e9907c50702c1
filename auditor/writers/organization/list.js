// Shared by the lists of the front page: facts about accounts, search, and pages of rows.
let data; // set once, by main(): the columns that the page carries

const STATES = {}; // by value: { text, auditable }
const filled = (texts) => texts.filter(Boolean);

function tableOf(packed) {
  for (const [value, text, auditable] of packed.states) STATES[value] = { text, auditable };
  const accounts = { ...packed.accounts };
  for (const name of ["ou", "state", "error", "link", "judged"]) accounts[name] = column(accounts[name]);
  const causes = { ...packed.causes, rule: column(packed.causes.rule), type: column(packed.causes.type) };
  return { ...packed, accounts, causes, count: accounts.id.length };
}

const nameOf = (row) => data.accounts.name[row] || data.accounts.id[row];
const completed = (text, row) => text.replaceAll(data.placeholder, () => data.accounts.id[row] || data.placeholder);
const linkOf = (row) => data.accounts.link.of(row) && completed(data.accounts.link.of(row), row);

// The text of an error for the column: its code, or its message if it has none.
const errorOf = (row) => data.accounts.error.of(row).map(([code, message]) => code ?? completed(message, row)).join("; ");

const counted = (count, noun) => `${number(count)} ${noun}${count === 1 ? "" : "s"}`;

const wordsOf = (search) => filled(plain(search).toLowerCase().split(" "));
const holdsAll = (text, words) => words.every((word) => text.includes(word));

const collator = new Intl.Collator("en", { numeric: true });

function ranked(texts) {
  const order = texts.map((_, place) => place).sort((a, b) => collator.compare(texts[a], texts[b]));
  const ranks = new Int32Array(texts.length);
  order.forEach((place, rank) => (ranks[place] = rank && !collator.compare(texts[place], texts[order[rank - 1]]) ? ranks[order[rank - 1]] : rank));
  return ranks;
}

// A pager of the element's buttons; `turn` takes the number of the page.
function listenToPager(name, turn) {
  for (const [which, by] of [["previous", -1], ["next", 1]]) {
    byId(`${name}-${which}`).addEventListener("click", () => turn(by));
  }
}

function drawPager(name, page, pages) {
  byId(`${name}-pager`).hidden = pages < 2;
  byId(`${name}-position`).textContent = `Page ${number(page)} of ${number(pages)}`;
  byId(`${name}-previous`).disabled = page <= 1;
  byId(`${name}-next`).disabled = page >= pages;
}
