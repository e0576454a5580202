// Elements, requests and values: what every view is made of.
//
// Rows may hold anything, markup too. So text comes into the page as text nodes alone: nothing here or elsewhere assigns HTML.

const by = id => document.getElementById(id);

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (value == null || value === false) continue;
    if (typeof value === "function") element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat(Infinity).filter(child => child != null && child !== false));
  return element;
}

/** An element: `h("a", { href, onclick }, "text", other)`. */
const h = (name, attributes, ...children) => fill(document.createElement(name), attributes, children);
const svg = (name, attributes, ...children) =>
  fill(document.createElementNS("http://www.w3.org/2000/svg", name), attributes, children);

const plural = (count, one, many = one + "s") => `${count.toLocaleString("en")} ${count === 1 ? one : many}`;

function debounced(wait, run) {
  let timer;
  const later = (...values) => {
    clearTimeout(timer);
    timer = setTimeout(() => run(...values), wait);
  };
  later.cancel = () => clearTimeout(timer);
  return later;
}

/** Calls at once, and then at most once in each span of `wait` milliseconds; the last call is not lost. */
function throttled(wait, run) {
  let timer = null, again = false;
  const fire = () => {
    run();
    timer = setTimeout(() => {
      timer = null;
      if (again) { again = false; fire(); }
    }, wait);
  };
  return () => { if (timer === null) fire(); else again = true; };
}

// ---- Requests

/** A refusal of the server, or its silence. */
class Refused extends Error {
  constructor(status, error) {
    super(error?.message ?? `The server answered ${status}.`);
    this.status = status;
    this.details = Array.isArray(error?.details) ? error.details : [];
  }

  /** What there is to say, the details before the general words. */
  get text() {
    // Of a filter the path is the place in it; of a row it is the field, beside which the message stands.
    const words = ({ path, message }) => this.status === 400 && path ? `${path}: ${message}` : message;
    return this.details.length ? this.details.map(words).join("\n") : this.message;
  }

  /** The messages by the field that each is about; `""` for those about none. */
  byField(names) {
    const fields = new Map();
    const add = (name, message) => fields.set(name, fields.has(name) ? `${fields.get(name)}\n${message}` : message);
    for (const { path = "", message, info } of this.details) {
      const named = info?.missingProperty ?? info?.additionalProperty ?? path.split("/")[1] ?? "";
      add(names.includes(named) ? named : "", message);
    }
    if (!fields.size) add("", this.message);
    return fields;
  }
}

/** Where the routes are: the page may be nested, and stands at their root or at `explorer` below it. */
let base = "";

/** Integers that a double cannot hold are kept whole. */
function parse(text) {
  if (!/\d{16}/.test(text)) return JSON.parse(text);
  return JSON.parse(text, (_, value, context) => {
    const isCut = typeof value === "number" && Number.isInteger(value) && !Number.isSafeInteger(value);
    return isCut && /^-?\d+$/.test(context?.source ?? "") ? BigInt(context.source) : value;
  });
}

const encodePath = parts => parts.map(encodeURIComponent).join("/");
const address = ({ path, parameters }) => {
  const query = Object.entries(parameters ?? {}).map(([name, value]) =>
    name + (value === true ? "" : "=" + encodeURIComponent(typeof value === "string" ? value : JSON.stringify(value))));
  return base + path + (query.length ? "?" + query.join("&") : "");
};

/** Sends `{ method, path, parameters, body, headers, signal }`; gives `{ json, tag }`, or throws `Refused`. */
async function send(request) {
  let response, text;
  try {
    response = await fetch(address(request), {
      method: request.method ?? "GET",
      headers: { ...(request.body === undefined ? {} : { "content-type": "application/json" }), ...request.headers },
      body: request.body,
      signal: request.signal,
      cache: "no-store",
    });
    text = await response.text();
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Refused(0, { message: "The server cannot be reached." });
  }
  let json = null;
  try { json = text ? parse(text) : null; } catch { /* Not of this server: the status says what there is to say. */ }
  if (!response.ok) throw new Refused(response.status, json?.error);
  return { json, tag: response.headers.get("etag") };
}

const get = async (path, parameters, signal) => (await send({ path, parameters, signal })).json;

/** A request as a line for a shell. */
function curl(request) {
  const quoted = text => "'" + text.replaceAll("'", "'\\''") + "'";
  const words = ["curl -s"];
  const parameters = Object.entries(request.parameters ?? {});
  if (parameters.length) words.push("-G");
  if (request.method && request.method !== "GET") words.push("-X " + request.method);
  words.push(quoted(new URL(base + request.path, location.href).href));
  for (const [name, value] of parameters) {
    words.push("--data-urlencode " + quoted(`${name}=${typeof value === "string" ? value : JSON.stringify(value)}`));
  }
  for (const [name, value] of Object.entries(request.headers ?? {})) words.push("-H " + quoted(`${name}: ${value}`));
  if (request.body !== undefined) words.push("-H 'content-type: application/json' -d " + quoted(request.body));
  return words.join(" ");
}

async function copy(text, what) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    // Outside of secure contexts there is no clipboard to write to.
    const area = h("textarea", { class: "away" });
    area.value = text;
    document.body.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  }
  say(`${what} copied`);
}

let silence;
function say(text) {
  by("said").textContent = text;
  clearTimeout(silence);
  silence = setTimeout(() => { by("said").textContent = ""; }, 4000);
}

// ---- Models

const schema = { models: [], rows: 1000 };
const modelOf = name => schema.models.find(model => model.name === name);
const modelAt = path => schema.models.find(model => model.path === path);
const relationOf = (model, name) => model.relations.find(relation => relation.name === name);
const propertyOf = (model, name) => model.properties.find(property => property.name === name);
const isNumeric = property => property?.type === "integer" || property?.type === "number";

/** The relation whose only key is this property. */
const relationBy = (model, name) =>
  model.relations.find(relation => relation.kind === "belongsTo" && relation.keys.length === 1 && relation.keys[0] === name);

async function loadSchema() {
  const { models, limits } = await get("schema.json");
  for (const model of models) {
    model.key = model.primaryKey?.length === 1 ? model.primaryKey[0] : null;
    model.labels = labelsOf(model);
    // A field of the name `id` hides the id that changes are told by.
    model.hidesId = propertyOf(model, "id")?.type !== "id";
    // An id that is shown already by a key of the model's own is noise.
    model.shown = model.properties.filter(property => !(property.type === "id" && property.name === "id" && model.primaryKey));
    model.columns = model.shown.map(property => ({ name: property.name, property, relation: relationBy(model, property.name) }));
    for (const relation of model.relations) {
      const hasColumn = model.columns.some(column => column.relation === relation);
      if (!relation.many && !hasColumn) model.columns.push({ name: relation.name, property: null, relation });
    }
  }
  schema.models = models;
  schema.rows = limits.rows;
}

/** The properties that name a row to people: a name or a title among the first ones. */
function labelsOf(model) {
  const texts = model.properties.filter(property => property.name !== "id").slice(0, 4)
    .filter(property => property.type === "string").map(property => property.name);
  const like = pattern => texts.find(name => pattern.test(name));
  const [first, last] = [like(/first_?name$/i), like(/last_?name$/i)];
  if (first && last) return [first, last];
  const label = like(/^(name|title|label)$/i) ?? like(/(name|title|label)$/i) ?? like(/(description|desc)$/i);
  return label ? [label] : [];
}

/** What addresses a row: its key if that is one field, else its id. */
const idOf = (model, row) => String(model.key && row[model.key] != null ? row[model.key] : row.id);
const keyText = (model, row) =>
  model.primaryKey ? model.primaryKey.map(name => plain(row[name])).join(" · ") : plain(row.id);
const labelOf = (model, row) => model.labels.map(name => row[name]).filter(value => value).join(" ");

/** What a link to a row needs of it. */
const essentials = model => [...new Set(["id", ...(model.primaryKey ?? []), ...model.labels])];
const inclusions = model => model.relations.filter(relation => !relation.many)
  .filter(relation => model.columns.some(column => column.relation === relation))
  .map(relation => ({ relation: relation.name, scope: { fields: essentials(modelOf(relation.model)) } }))
  .filter(inclusion => !propertyOf(model, inclusion.relation));

let pen;
/** How wide a text is, in pixels. */
function widthOf(text, size = 13, weight = 400) {
  pen ??= document.createElement("canvas").getContext("2d");
  pen.font = `${weight} ${size}px ${getComputedStyle(document.body).fontFamily}`;
  return pen.measureText(text).width;
}

/** A value as one line of text. */
function plain(value) {
  if (value == null) return "";
  if (typeof value === "string") return value;
  if (typeof value === "object") return JSON.stringify(value, (_, part) => typeof part === "bigint" ? String(part) : part);
  return String(value);
}

/** A value to be looked at; long ones are cut. */
function shown(value, most = 400) {
  if (value == null) return h("span", { class: "none", title: "null" }, "null");
  if (value === "") return h("span", { class: "none", title: "an empty text" }, "“”");
  if (Array.isArray(value) && value.length > 24) {
    return h("span", { class: "code" }, plain(value.slice(0, 12)).slice(0, -1) + `, … ${value.length} in all]`);
  }
  const text = plain(value);
  const cut = text.length > most ? text.slice(0, most) + " …" : text;
  return typeof value === "object" ? h("span", { class: "code" }, cut) : cut;
}
