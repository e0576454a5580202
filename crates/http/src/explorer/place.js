// Where one is, and what changes meanwhile.
//
// The whole state is the part of the address behind `#`: `#/orders?where=..&order=..`, `#/orders/10248`,
// `#/orders/10248/lines`, each with the steps that led there as `from=..`. So back, forward and copied links work.

function readHash(hash = location.hash) {
  const [path, query = ""] = hash.replace(/^#\/?/, "").split(/\?(.*)/s);
  return { parts: path.split("/").filter(Boolean).map(decodeURIComponent), query: new URLSearchParams(query) };
}

function writeHash(parts, query = {}) {
  const search = query instanceof URLSearchParams ? query : new URLSearchParams();
  if (search !== query) {
    for (const [name, value] of Object.entries(query)) {
      for (const one of [value].flat()) if (one != null) search.append(name, one);
    }
  }
  const text = search.toString();
  return "#/" + encodePath(parts) + (text ? "?" + text : "");
}

/** How many steps are kept. */
const STEPS = 6;

/** A link from here: the way back to here is kept in it, and cut where it comes round to a place that it has been at. */
function onward(parts, query = {}) {
  const here = readHash();
  const steps = here.query.getAll("from");
  const own = new URLSearchParams(here.query);
  for (const name of ["from", "delete"]) own.delete(name);
  if (here.parts.length) steps.push(writeHash(here.parts, own));
  const target = writeHash(parts).slice(1);
  const seen = steps.findIndex(step => step.slice(1).split("?")[0] === target);
  return writeHash(parts, { ...query, from: (seen < 0 ? steps : steps.slice(0, seen)).slice(-STEPS) });
}

/** The address of this place with another query; `null` takes a name away. */
function here(changes) {
  const { parts, query } = readHash();
  for (const [name, value] of Object.entries(changes)) {
    if (value === null || value === "") query.delete(name); else query.set(name, value);
  }
  return writeHash(parts, query);
}

function go(hash, { replace = false } = {}) {
  if (hash === location.hash) return;
  if (replace) history.replaceState(history.state, "", hash);
  else location.hash = hash;
}

/** How many steps of this page are behind this one: further back there are other pages. */
let depth = -1;
function countStep() {
  if (history.state?.depth === undefined) history.replaceState({ depth: depth + 1 }, "");
  depth = history.state.depth;
}

/** One step back; where there is none, one level up. */
function back() {
  const { parts, query } = readHash();
  if (depth > 0) history.back();
  else if (query.has("new")) go(here({ new: null }));
  else if (parts.length) go(writeHash(parts.slice(0, -1)));
}

/** How rows that were met are called, for the way that led here. */
const names = new Map();
function remember(model, row) {
  const label = labelOf(model, row);
  if (label) names.set(model.path + "/" + idOf(model, row), label);
  if (names.size > 5000) names.delete(names.keys().next().value);
}

/** `before` stands between the way and where one is. */
function drawCrumbs(current, before = null) {
  const { query } = readHash();
  const steps = query.getAll("from");
  const list = [h("a", { href: "#/" }, "Models")];
  steps.forEach((step, place) => {
    const { parts, query } = readHash(step);
    const search = new URLSearchParams(query);
    for (const earlier of steps.slice(0, place)) search.append("from", earlier);
    const [path, id, relation] = parts;
    const model = modelAt(path);
    const name = id === undefined ? model?.name : names.get(`${path}/${id}`) ?? id;
    const text = relation ?? name ?? path;
    const detail = id === undefined ? query.get("where") : relation ? null : model?.name;
    list.push(h("a", { href: writeHash(parts, search) }, text, detail ? h("small", {}, detail) : null));
  });
  if (before) list.push(before);
  if (current) list.push(h("b", { "aria-current": "page" }, current));
  by("crumbs").replaceChildren(h("ol", {}, list.map(item => h("li", {}, item))));
  by("crumbs").scrollLeft = 1e6;
}

/** Says at the foot of the page which request its content comes from. */
function drawRequest(request, plan) {
  const { path, parameters } = request;
  const text = Object.entries(parameters ?? {}).map(([name, value]) =>
    `${name}=${typeof value === "string" ? value : JSON.stringify(value)}`).join("&");
  const line = `${request.method ?? "GET"} ${new URL(base + path, location.href).pathname}${text ? "?" + text : ""}${request.body ? " " + request.body : ""}`;
  by("request").replaceChildren(
    h("code", { title: line }, line),
    h("span", { class: "plan", title: plan ?? "" }, plan ?? ""),
    h("button", { class: "plain", onclick: () => copy(new URL(address(request), location.href).href, "URL") }, "URL"),
    h("button", { class: "plain", onclick: () => copy(curl(request), "curl") }, "curl"));
}

// ---- Changes

/** Follows the commits. A page that nobody sees holds no connection; seen again, it is told what it has missed. */
const live = { source: null, last: null, onchange() {}, onreset() {} };

function follow() {
  if (live.source || document.hidden) return;
  const source = new EventSource(base + "changes" + (live.last ? "?after=" + encodeURIComponent(live.last) : ""));
  live.source = source;
  const on = (name, run) => source.addEventListener(name, event => {
    live.last = event.lastEventId || live.last;
    run(event);
  });
  on("hello", () => drawLive("live", "live"));
  on("commit", event => live.onchange(JSON.parse(event.data).changes));
  on("reset", () => { drawLive("live", "live"); live.onreset(); });
  source.onerror = () => {
    if (source.readyState !== EventSource.CLOSED) return drawLive("waiting", "reconnecting");
    drawLive("off", "not live");
    live.source = null;
    setTimeout(follow, 5000);
  };
}

function drawLive(state, text) {
  by("live").dataset.state = state;
  by("live").lastChild.textContent = text;
}

document.addEventListener("visibilitychange", () => {
  if (!document.hidden) return follow();
  live.source?.close();
  live.source = null;
});

/** Counts the rows of models anew. */
const recount = (() => {
  const waiting = new Set();
  const run = throttled(500, async () => {
    const models = [...waiting];
    waiting.clear();
    await Promise.all(models.map(async model => {
      try {
        const { count } = await get(`${model.path}/count`);
        if (count === model.count) return;
        model.count = count;
        document.querySelectorAll(`[data-count="${CSS.escape(model.name)}"]`).forEach(element => {
          element.textContent = count.toLocaleString("en");
          blink(element);
        });
      } catch { /* The next change asks again. */ }
    }));
  });
  return models => { models.forEach(model => waiting.add(model)); if (waiting.size) run(); };
})();

function blink(element) {
  element.classList.remove("blink");
  void element.getBoundingClientRect();
  element.classList.add("blink");
}
