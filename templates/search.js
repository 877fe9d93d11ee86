// The search page: loads the months of the store, finds as one types, copies BibTeX.
// What a paper says becomes text nodes and attributes, never HTML: see element().

const STEP = 50; // rows: drawing thousands would hold up every key press
const NAMES = 6; // authors in a row, two lines on a phone; the fold has all of them
const PAUSE = 300; // milliseconds: Safari takes no more than 100 addresses in 30 seconds
const ARXIV = "https://arxiv.org";
const ARXIV_ID = /\d{4}\.\d{4,5}/;
const TEX = {
  "\\": "\\textbackslash{}", "~": "\\textasciitilde{}", "^": "\\textasciicircum{}",
  "{": "\\textbraceleft{}", "}": "\\textbraceright{}", // BibTeX would count the brace of \{
};

const at = (id) => document.getElementById(id);
const form = at("form");
const list = JSON.parse(at("list").textContent);
const months = new Map(list.months.map((month) => [month, []])); // as their papers, newest first
const failed = []; // months
const ticked = new Set(); // papers
let loading = list.months.length;
let limit = STEP;
let timer;

// Loading

function parsePaper(line) {
  const record = JSON.parse(line);
  const title = record.plain_title ?? record.title;
  const authors = record.plain_authors ?? record.authors;
  const abstract = record.plain_abstract ?? record.abstract;
  return {
    id: record.id, title, authors, abstract,
    published: record.published.slice(0, 10),
    category: record.primary_category,
    domains: record.domains ?? [],
    code: record.code,
    withdrawn: record.withdrawn,
    fields: [title, authors.join(" "), abstract, record.id].map(fold),
  };
}

async function loadMonth(month) {
  try {
    const answer = await fetch(`data/${month}.jsonl`, { cache: "no-cache" }); // has it changed?
    if (!answer.ok) throw new Error(answer.statusText);
    const lines = (await answer.text()).split("\n").filter((line) => line.trim());
    const papers = lines.map(parsePaper).filter(({ id }) => !list.exclude.includes(id));
    months.set(month, papers.reverse());
  } catch {
    failed.push(month);
  }
  loading -= 1;
  render();
}

/** Load all months, three at a time: more would hold up the newest. */
async function loadAll() {
  const waiting = [...list.months];
  const loadNext = async () => {
    while (waiting.length) await loadMonth(waiting.shift());
  };
  await Promise.all([loadNext(), loadNext(), loadNext()]);
}

// Finding

/** Text for comparing: small letters without accents, and digits; all else becomes a space. */
function fold(text) {
  const letters = text.normalize("NFKD").replace(/\p{M}+/gu, "").toLowerCase();
  return letters.replace(/[^\p{L}\p{N}]+/gu, " ").trim();
}

/** The words that a paper must have; an id alone, if the query has one with whatever around it. */
function parseWords(query) {
  const parts = query.match(ARXIV_ID) ?? query.split(/\s+/);
  return parts.map(fold).filter((word) => word);
}

/** How far back the words stand: for each, title 0, authors 1 and so on; -1 if one is missing. */
function placeOf(words, paper) {
  let sum = 0;
  for (const word of words) {
    const place = paper.fields.findIndex((field) => field.includes(word));
    if (place < 0) return -1;
    sum += place;
  }
  return sum;
}

function allPapers() {
  return [...months.values()].flat();
}

/** The papers that the form asks for, in its order. */
function find() {
  const { q, domain, year, sort, code } = Object.fromEntries(new FormData(form));
  const words = parseWords(q);
  const found = [];
  for (const paper of allPapers()) {
    if (domain && !paper.domains.includes(domain)) continue;
    if (year && !paper.published.startsWith(year)) continue;
    if (code && !paper.code) continue;
    const place = placeOf(words, paper);
    if (place >= 0) found.push({ paper, place });
  }
  if (sort) found.sort((one, other) => one.place - other.place);
  return found.map(({ paper }) => paper);
}

// The address holds what the form says

function readAddress() {
  for (const [name, value] of new URLSearchParams(location.search)) {
    const field = form.elements.namedItem(name);
    if (field?.type === "checkbox") field.checked = true;
    else if (field) field.value = value;
  }
}

function writeAddress() {
  const filled = [...new FormData(form)].filter(([, value]) => value);
  history.replaceState(null, "", `?${new URLSearchParams(filled)}`);
}

// BibTeX

function escapeTex(text) {
  return text.replace(/[&%#_${}~^\\]/g, (sign) => TEX[sign] ?? `\\${sign}`);
}

function bibtex({ id, title, authors, published, category }) {
  return `@misc{arXiv:${id},
  title={{${escapeTex(title)}}},
  author={${authors.map(escapeTex).join(" and ")}},
  year={${published.slice(0, 4)}},
  eprint={${id}},
  archivePrefix={arXiv},
  primaryClass={${category}},
  url={${ARXIV}/abs/${id}},
}
`;
}

async function copy(papers) {
  try {
    await navigator.clipboard.writeText(papers.map(bibtex).join("\n"));
    say(`BibTeX copied: ${papers.length}`);
  } catch {
    say("The browser refused to copy. Open this page by https.");
  }
}

// Drawing

function element(name, attributes, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

function drawTick(paper) {
  const tick = element("input", { type: "checkbox", "aria-label": `Tick ${paper.title}` });
  tick.addEventListener("change", () => {
    if (tick.checked) ticked.add(paper);
    else ticked.delete(paper);
    render();
  });
  return tick;
}

function drawLinks(paper) {
  const { id, title, code, domains, withdrawn } = paper;
  const address = { href: `${ARXIV}/pdf/${id}`, "aria-label": `PDF of ${title}` };
  const pdf = withdrawn ? element("strong", {}, "withdrawn") : element("a", address, "PDF");
  const links = element("p", {}, pdf);
  if (code) links.append(element("a", { href: code, "aria-label": `Code of ${title}` }, "Code"));
  const button = element("button", { "aria-label": `BibTeX of ${title}` }, "BibTeX");
  button.addEventListener("click", () => copy([paper]));
  links.append(button, domains.join(" · "));
  return links;
}

function drawRow(paper) {
  const { id, title, authors, published, abstract } = paper;
  const heading = element("h2", {}, element("a", { href: `${ARXIV}/abs/${id}` }, title));
  const names = element("p", {}, `${published} · ${authors.slice(0, NAMES).join(", ")}`);
  const opened = element("details", {}, element("summary", {}, "Abstract"));
  opened.append(element("p", {}, abstract));
  if (authors.length > NAMES) {
    names.append(` and ${authors.length - NAMES} more`);
    opened.append(element("p", {}, `By ${authors.join(", ")}`));
  }
  const text = element("div", {}, heading, names, drawLinks(paper), opened);
  return element("li", {}, drawTick(paper), text);
}

/** The row of a paper, drawn once: it stays open and ticked while others come and go. */
function rowOf(paper) {
  paper.row ??= drawRow(paper);
  return paper.row;
}

/** Say for a moment what was done: the style hides a new element after some seconds. */
function say(text) {
  at("said").replaceChildren(element("span", {}, text));
}

function show(id, text, isShown) {
  at(id).textContent = text;
  at(id).hidden = !isShown;
}

function render() {
  const found = find();
  const rows = found.slice(0, limit).map(rowOf);
  const there = [...at("papers").children];
  const isSame = rows.length === there.length && rows.every((row, place) => row === there[place]);
  if (!isSame) at("papers").replaceChildren(...rows); // moving a row takes the focus from it

  const left = found.length - rows.length;
  const chosen = ticked.size ? `${ticked.size} ticked` : `all ${found.length} found`;
  show("count", `${found.length} of ${allPapers().length} papers`, true);
  show("loading", `Months to load: ${loading}`, loading);
  show("copy", `Copy BibTeX of ${chosen}`, ticked.size || found.length);
  show("more", `Show more (${left} left)`, left);
  show("failed", `Not loaded: ${failed.join(", ")}. Reload the page to try again.`, failed.length);
  at("empty").hidden = loading > 0 || found.length > 0;
}

function search() {
  limit = STEP;
  clearTimeout(timer);
  timer = setTimeout(writeAddress, PAUSE);
  render();
}

function showMore() {
  const first = limit; // of the new rows: the keyboard goes on there
  limit += STEP;
  render();
  at("papers").children[first].querySelector("a").focus();
}

readAddress();
form.addEventListener("input", search);
form.addEventListener("submit", (event) => event.preventDefault());
at("copy").addEventListener("click", () => copy(ticked.size ? [...ticked] : find()));
at("more").addEventListener("click", showMore);
render();
loadAll();
