// Which view an address is, and what all of them have in common.

let view = null;
let viewKey = null;

/** Shows what the address says. A view that is there already is told instead of made anew. */
function render() {
  countStep();
  const { parts, query } = readHash();
  const [path, id, name] = parts;
  const model = modelAt(path);
  const relation = model && name !== undefined ? relationOf(model, name) : null;
  const isNew = query.has("new");
  const centre = parts.length ? null : modelAt(query.get("of"));
  const key = JSON.stringify([...parts, isNew, centre?.name]);
  document.querySelectorAll("#models a").forEach(link => {
    if (link.dataset.path === path) link.setAttribute("aria-current", "page"); else link.removeAttribute("aria-current");
  });
  openMenu(false);
  if (key !== viewKey) {
    view?.close();
    const hadFocus = by("content").contains(document.activeElement) || document.activeElement === document.body;
    viewKey = key;
    if (!parts.length) view = new Diagram(centre);
    else if (!model || (name !== undefined && !relation) || parts.length > 3) view = new Nothing(parts);
    else if (relation) {
      const owner = { model, id, relation }, target = modelOf(relation.model);
      // A relation to one row is that row.
      view = isNew ? new Creation(target, owner) : relation.many ? new Grid(target, owner) : new RowPage(model, id);
    } else if (id !== undefined) view = new RowPage(model, id);
    else view = isNew ? new Creation(model) : new Grid(model);
    by("content").replaceChildren(view.element);
    if (hadFocus) by("content").focus({ preventScroll: true });
  }
  view.show();
}

class Nothing {
  constructor(parts) {
    this.element = h("p", { class: "state" }, `There is nothing at “${parts.join("/")}”. `, h("a", { href: "#/" }, "To the models"));
  }
  show() { drawCrumbs(null); document.title = "relata"; }
  changed() {}
  reload() {}
  close() {}
}

function drawModels() {
  const search = h("input", { type: "search", placeholder: "Find a model", "aria-label": "Find a model", oninput: () => {
    const text = search.value.trim().toLowerCase();
    list.querySelectorAll("li").forEach(item => { item.hidden = !item.dataset.name.includes(text); });
  } });
  const list = h("ul", {}, schema.models.map(model => h("li", { "data-name": model.name.toLowerCase() },
    h("a", { href: `#/${encodeURIComponent(model.path)}`, "data-path": model.path, class: model.count ? null : "empty" },
      h("span", { title: model.name }, model.name), h("small", { "data-count": model.name }, model.count.toLocaleString("en"))))));
  by("models").replaceChildren(...(schema.models.length > 12 ? [search] : []), list);
}

function openMenu(isOpen) {
  document.body.classList.toggle("menu", isOpen);
  by("menu").setAttribute("aria-expanded", String(isOpen));
}

// ---- Colours

const stored = {
  get() { try { return localStorage.getItem("relata-colours"); } catch { return null; } },
  set(value) { try { localStorage.setItem("relata-colours", value); } catch { /* Then it lasts as long as the page. */ } },
};

function colour(name) {
  const colours = { system: "◐", light: "☀", dark: "☾" };
  const now = colours[name] ? name : "system";
  document.documentElement.dataset.colours = now;
  by("theme").textContent = colours[now];
  by("theme").title = `Colours: ${now}`;
  by("theme").setAttribute("aria-label", `Colours: ${now}`);
  by("theme").onclick = () => {
    const next = { system: "dark", dark: "light", light: "system" }[now];
    stored.set(next);
    colour(next);
  };
}

// ---- Keys

const KEYS = [
  ["/", "to the condition"], ["↑ ↓ ← →", "move in the table, or in the diagram"], ["Page Up, Page Down, Home, End", "move far"],
  ["Enter", "open the row"], ["Shift + Enter", "follow the link in the cell"], ["Esc", "back"], ["m", "to the models"], ["n", "new row"], ["?", "these keys"],
];

/** Conditions in the words of the model that is looked at, or of one that has relations. */
function examples() {
  const model = modelAt(readHash().parts[0]) ?? schema.models.find(({ relations }) => relations.some(({ many }) => many) && relations.some(({ many }) => !many)) ?? schema.models[0];
  if (!model) return [];
  const free = model.shown.filter(({ name }) => name !== model.key && !relationBy(model, name));
  const number = free.find(isNumeric)?.name, text = free.findLast(({ type }) => type === "string")?.name;
  const optional = free.find(({ optional }) => optional)?.name;
  const one = model.relations.find(({ many }) => !many), many = model.relations.find(({ many }) => many);
  const beyond = one && modelOf(one.model).labels[0];
  return [
    [number && `${number} > 100 and ${number} <= 500`, "numbers in a range"],
    [text && `${text} contains "an" or ${text} in ("A", "B")`, "texts"],
    [optional && `not ${optional} is null`, "what is there"],
    [beyond && `${one.name}.${beyond} = "…"`, `by what ${one?.name} leads to`],
    [many && `some ${many.name}`, `rows that have ${many?.name}; also no and every`],
    ["word", "looks in every text"],
    [`{"${(model.shown[0] ?? { name: "id" }).name}": …}`, "as the server takes it"],
  ].filter(([text]) => text);
}

function showKeys() {
  const list = (pairs, tag) => h("dl", {}, pairs.map(([key, what]) => [h("dt", {}, h(tag, {}, key)), h("dd", {}, what)]));
  by("keys").replaceChildren(h("h2", { id: "keys-title", tabindex: -1, autofocus: true }, "Keys"), list(KEYS, "kbd"), h("h2", {}, "Conditions"), list(examples(), "code"),
    h("button", { class: "button", onclick: () => by("keys").close() }, "Close"));
  by("keys").showModal();
}

document.addEventListener("keydown", event => {
  if (event.ctrlKey || event.metaKey || event.altKey || by("keys").open) return;
  if (event.key === "Escape") {
    if (document.body.classList.contains("menu")) return openMenu(false);
    if (event.target.matches("input, textarea, select")) return event.target.blur();
    return back();
  }
  if (event.target.matches("input, textarea, select")) return;
  const run = {
    "/": () => { const input = by("condition") ?? by("models").querySelector("input"); input?.focus(); input?.select(); },
    "?": showKeys,
    m: () => { openMenu(true); (by("models").querySelector("[aria-current]") ?? by("models").querySelector("a"))?.focus(); },
    n: () => view?.mayCreate && go(here({ new: "{}" })),
  }[event.key];
  if (run) { event.preventDefault(); run(); }
  else if (view instanceof Grid && /^(Arrow|Page|Home|End|Enter)/.test(event.key) && event.target.matches("body, #content")) { event.preventDefault(); view.total && view.reveal(); }
});

// ---- Start

/** Where the routes may be, the likeliest first: beside the page, or below it where its address has no slash at the end. */
function bases() {
  const path = location.pathname;
  const parent = path.replace(/[^/]*\/?$/, "");
  if (/\/explorer\/?$/.test(path)) return [parent, path.replace(/\/?$/, "/")];
  return [path.replace(/\/?$/, "/")];
}

async function start() {
  let failed;
  for (base of bases()) {
    try {
      await loadSchema();
      failed = null;
      break;
    } catch (error) {
      failed = error;
    }
  }
  if (failed) {
    drawLive("off", "not live");
    by("content").replaceChildren(h("div", { class: "state" }, h("p", {}, failed.message), h("button", { class: "button", onclick: start }, "Try again")));
    return;
  }
  drawModels();
  render();
  live.onchange = changes => {
    recount(new Set(changes.filter(({ kind }) => kind !== "updated" && kind !== "related").map(({ model }) => modelOf(model)).filter(Boolean)));
    view?.changed(changes);
  };
  live.onreset = () => { recount(schema.models); view?.reload(); };
  follow();
}

colour(stored.get());
drawLive("waiting", "connecting");
by("help").onclick = showKeys;
by("menu").onclick = () => openMenu(!document.body.classList.contains("menu"));
addEventListener("hashchange", render);
start();
