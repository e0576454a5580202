// Which view an address is, and what all of them have in common.

let view = null;
let viewKey = null;

/** Shows what the address says. A view that is there already is told instead of made anew. */
function render() {
  const { parts, query } = readHash();
  const [path, id, name] = parts;
  const model = modelAt(path);
  const relation = model && name !== undefined ? relationOf(model, name) : null;
  const isNew = query.has("new");
  const key = JSON.stringify([...parts, isNew]);
  document.querySelectorAll("#models a").forEach(link => {
    if (link.dataset.path === path) link.setAttribute("aria-current", "page"); else link.removeAttribute("aria-current");
  });
  openMenu(false);
  if (key !== viewKey) {
    view?.close();
    const hadFocus = by("content").contains(document.activeElement) || document.activeElement === document.body;
    viewKey = key;
    if (!parts.length) view = new Diagram();
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
      h("span", {}, model.name), h("small", { "data-count": model.name }, model.count.toLocaleString("en"))))));
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

function drawKeys() {
  by("keys").replaceChildren(h("h2", { id: "keys-title" }, "Keys"),
    h("dl", {}, KEYS.map(([key, what]) => [h("dt", {}, h("kbd", {}, key)), h("dd", {}, what)])),
    h("h2", {}, "Conditions"),
    h("ul", { class: "examples" }, ['freight > 500 and ship_country = "France"', "name contains \"ltd\" or not city in (Bern, Paris)", "customer.country = Germany", "some orders (freight between 10 and 20)", "no orders", "region is not null", "alfreds — looks in every text", '{"freight":{"gt":500}} — as the server takes it'].map(text => h("li", {}, h("code", {}, text)))),
    h("button", { class: "button", onclick: () => by("keys").close() }, "Close"));
}

document.addEventListener("keydown", event => {
  if (event.ctrlKey || event.metaKey || event.altKey || by("keys").open) return;
  if (event.key === "Escape") {
    if (document.body.classList.contains("menu")) return openMenu(false);
    if (event.target.matches("input, textarea, select")) return event.target.blur();
    if (readHash().parts.length) history.length > 1 ? history.back() : go("#/");
    return;
  }
  if (event.target.matches("input, textarea, select")) return;
  const run = {
    "/": () => { const input = by("condition") ?? by("models").querySelector("input"); input?.focus(); input?.select(); },
    "?": () => by("keys").showModal(),
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
drawKeys();
drawLive("waiting", "connecting");
by("help").onclick = () => by("keys").showModal();
by("menu").onclick = () => openMenu(!document.body.classList.contains("menu"));
addEventListener("hashchange", render);
start();
