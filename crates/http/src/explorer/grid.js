// The rows of a model, or of a relation of one row: a table of which only what is in sight exists.

const LINE = 32;
/** The tallest element that browsers place exactly. Beyond it the scroll bar is a map of the rows, not their sum. */
const TALLEST = 6_000_000;

class Grid {
  /** `owner` is `{ model, id, relation }` where the rows are those of a relation. */
  constructor(model, owner) {
    this.model = model;
    this.owner = owner;
    this.path = owner ? encodePath([owner.model.path, owner.id, owner.relation.name]) : model.path;
    this.mayCreate = !model.readOnly && (!owner || owner.relation.kind === "hasMany");
    /** Rows of one request. */
    this.size = Math.max(1, Math.min(100, schema.rows));
    this.chunks = new Map();
    this.known = new Map();
    this.lit = new Map();
    this.rows = new Map();
    this.total = null;
    this.active = { row: 0, column: 0 };
    this.y = 0;
    this.build();
  }

  build() {
    this.count = h("span", { class: "found" });
    this.asked = new Question(this.model, {
      onask: (text, isTyping) => this.ask(text, isTyping), onleave: () => this.total && this.reveal(), values: name => this.values(name),
    });
    const create = this.create = h("a", { class: "button", href: here({ new: "{}" }) }, "New row");
    this.bar = h("div", { class: "bar" },
      h("div", { class: "title" },
        h("h1", {}, this.owner ? [h("small", {}, h("a", { href: writeHash([this.owner.model.path, this.owner.id]) }, `${this.owner.model.name} ${this.owner.id}`)), this.owner.relation.name] : this.model.name),
        this.count, h("span", { class: "actions" }, this.owner ? null : h("a", { class: "button aside", href: writeHash([], { of: this.model.path }) }, "Relations"), this.mayCreate ? create : null)),
      this.asked.element, this.asked.hint);
    this.head = h("tr", { "aria-rowindex": 1 });
    this.body = h("tbody");
    this.columns = h("colgroup");
    this.table = h("table", { class: "rows", role: "grid", "aria-label": this.model.name }, this.columns, h("thead", {}, this.head), this.body);
    this.sizer = h("div", { class: "sizer" }, this.table);
    this.scroller = h("div", { class: "scroller", tabindex: -1, onscroll: () => this.scrolled(), onkeydown: event => this.key(event), onclick: event => this.clicked(event) }, this.sizer);
    this.state = h("div", { class: "state" });
    this.element = h("section", { class: "grid" }, this.bar, h("div", { class: "well" }, this.scroller, this.state));
    this.observer = new ResizeObserver(() => this.draw());
    this.observer.observe(this.scroller);
    this.reload = throttled(400, () => this.read());
    this.keepPlace = debounced(250, () => {
      const first = Math.floor(this.y / LINE);
      if (this.isClosed || (readHash().query.get("at") ?? "0") === String(first)) return;
      go(here({ at: first ? String(first) : null }), { replace: true });
    });
    this.more = debounced(40, () => this.fetch());
  }

  // ---- What is asked

  show() {
    const { query } = readHash();
    const [where, order] = [query.get("where") ?? "", query.get("order") ?? ""];
    this.create.setAttribute("href", here({ new: "{}", at: null }));
    document.title = `${this.model.name} · relata`;
    drawCrumbs(this.owner ? this.owner.relation.name : this.model.name);
    this.asked.show(where);
    if (this.where === where && this.order === order) return drawRequest(this.request(), this.plan);
    Object.assign(this, { where, order, total: null, plan: null, active: { row: 0, column: this.active.column } });
    this.start = Number(query.get("at")) || 0;
    this.abort?.abort();
    this.chunks = new Map();
    this.known = new Map();
    this.drawHead();
    this.drawState(null);
    try {
      this.condition = condition(where, this.model);
    } catch (error) {
      if (!(error instanceof Misread)) throw error;
      this.count.textContent = "";
      this.body.replaceChildren();
      return this.asked.misread(error.message);
    }
    this.read();
  }

  ask(text, isTyping) {
    const hash = here({ where: text.trim() || null, at: null });
    if (hash === location.hash) return;
    // What is typed is one step, however many letters it has.
    go(hash, { replace: isTyping && Boolean(this.where) });
    if (isTyping) this.show();
  }

  /** The values of a property in the rows that are known. */
  values(name) { return [...new Set([...this.known.values()].map(row => row[name]).filter(value => value != null))].sort().slice(0, 200); }

  parameters(skip = 0, limit = this.size) {
    const filter = {};
    if (this.condition) filter.where = this.condition;
    if (this.order) filter.order = this.order.split(",").map(part => part.startsWith("-") ? `${part.slice(1)} DESC` : part);
    filter.limit = limit;
    if (skip) filter.skip = skip;
    const include = inclusions(this.model);
    if (include.length) filter.include = include;
    return { filter };
  }

  request() { return { path: this.path, parameters: this.parameters(Math.floor(this.y / LINE / this.size) * this.size) }; }

  // ---- What is read

  /** Counts, and reads what is in sight anew; until it is there, what was there stays. */
  async read() {
    this.abort?.abort();
    const { signal } = this.abort = new AbortController();
    const isFirst = this.total === null;
    if (isFirst) this.drawState("Loading …");
    const wanted = isFirst ? [Math.floor(this.start / this.size)] : this.chunksInSight();
    try {
      const where = this.condition ? { where: this.condition } : {};
      const [{ count }, ...chunks] = await Promise.all([
        get(`${this.path}/count`, where, signal), ...wanted.map(chunk => get(this.path, this.parameters(chunk * this.size), signal)),
      ]);
      this.total = count;
      const before = this.known;
      this.chunks = new Map();
      this.known = new Map();
      wanted.forEach((chunk, place) => this.keep(chunk, chunks[place]));
      if (!isFirst) this.light(before);
    } catch (error) {
      if (error.name === "AbortError") return;
      if (!(error instanceof Refused)) throw error;
      this.total = null;
      this.count.textContent = "";
      this.body.replaceChildren();
      drawRequest(this.request());
      if (error.status !== 400) return this.drawState(error.text, () => this.read());
      this.asked.misread(error.text);
      return this.drawState("The server does not understand this condition.");
    }
    this.asked.accepted();
    if (isFirst) this.measure();
    this.drawCount();
    this.resize();
    if (isFirst) this.jump(this.start); else this.draw(true);
    drawRequest(this.request(), this.plan);
    if (isFirst) this.explain(signal);
  }

  keep(chunk, rows) {
    this.chunks.set(chunk, rows);
    for (const row of rows) {
      this.known.set(row.id, row);
      remember(this.model, row);
      for (const { relation } of this.model.columns) {
        const other = relation && row[relation.name];
        if (other?.id) remember(modelOf(relation.model), other);
      }
    }
  }

  chunksInSight() {
    const [first, last] = this.inSight();
    const chunks = [];
    for (let chunk = Math.floor(first / this.size); chunk <= Math.floor(Math.max(first, last - 1) / this.size); chunk++) chunks.push(chunk);
    return chunks;
  }

  /** Reads what is in sight and not there yet. */
  async fetch() {
    for (const chunk of this.chunksInSight()) {
      if (this.chunks.has(chunk)) continue;
      this.chunks.set(chunk, null);
      const { chunks } = this;
      get(this.path, this.parameters(chunk * this.size), this.abort.signal).then(rows => {
        if (chunks !== this.chunks) return;
        this.keep(chunk, rows);
        this.draw();
      }, error => {
        chunks.delete(chunk);
        if (error.name !== "AbortError") say(error.message);
      });
    }
    // Far more than anybody looks at is not kept.
    for (const chunk of this.chunks.keys()) {
      if (this.chunks.size <= 60) break;
      if (!this.chunksInSight().includes(chunk)) this.chunks.delete(chunk);
    }
    drawRequest(this.request(), this.plan);
  }

  async explain(signal) {
    this.plan = null;
    if (this.owner) return;
    try {
      const { filter } = this.parameters();
      delete filter.include;
      const plan = await get(this.path, { explain: true, filter }, signal);
      this.plan = plan.text;
      drawRequest(this.request(), this.plan);
    } catch { /* A plan is an extra: the rows are there. */ }
  }

  // ---- What changes elsewhere

  changed(changes) {
    const own = changes.filter(change => change.model === this.model.name);
    if (!own.length) return;
    const until = Date.now() + 4000;
    for (const { kind, id } of own) if (kind === "inserted" || kind === "updated") this.lit.set(id, until);
    const gone = own.filter(change => change.kind === "removed").length;
    if (gone) say(`${plural(gone, "row")} removed from ${this.model.name}`);
    this.reload();
  }

  /** Marks what is another than before. */
  light(before) {
    const now = Date.now();
    for (const [id, until] of this.lit) if (until < now) this.lit.delete(id);
    for (const [id, row] of this.known) {
      const old = before.get(id);
      if (!this.lit.has(id) && !old) continue;
      const names = old ? Object.keys(row).filter(name => plain(row[name]) !== plain(old[name])) : [];
      if (names.length || (this.lit.has(id) && !old)) this.lit.set(id, now + 4000);
      Object.defineProperty(row, "changed", { value: new Set(names), enumerable: false });
    }
  }

  // ---- How it looks

  drawState(text, retry) {
    this.state.replaceChildren(...(text ? [h("p", {}, text), retry ? h("button", { class: "button", onclick: retry }, "Try again") : ""] : []));
    this.state.hidden = !text;
    this.scroller.classList.toggle("pale", Boolean(text) && this.total === null);
  }

  drawCount() {
    const all = this.owner ? null : this.model.count;
    this.count.textContent = plural(this.total, "row") + (this.condition && all !== null ? ` of ${all.toLocaleString("en")}` : "");
    this.table.setAttribute("aria-rowcount", this.total + 1);
    if (this.total) return this.drawState(null);
    if (!this.condition) return this.drawState("No rows yet.");
    this.drawState("No row is like this.");
    this.state.append(h("button", { class: "button", onclick: () => this.asked.ask("") }, "Clear the condition"));
  }

  /** Widths by the first rows; they stay, so that nothing moves when others come. */
  measure() {
    const rows = [...this.known.values()].slice(0, 60);
    this.widths = this.model.columns.map(({ name, property, relation }, column) => {
      const widths = rows.map(row => {
        const other = relation ? row[relation.name] : null;
        const label = other && typeof other === "object" ? labelOf(modelOf(relation.model), other) : "";
        return (label ? widthOf(label) + 7 : 0) + (property ? widthOf(plain(row[name]).slice(0, 80)) : 0);
      });
      widths.sort((a, b) => a - b);
      // Nearly the widest: one outlier does not make a column wide.
      const typical = widths[Math.ceil((widths.length - 1) * 0.97)] ?? 40;
      return Math.ceil(Math.min(300, Math.max(typical + 24, widthOf(name, 12, 600) + 38, 64)) + (column ? 0 : 10));
    });
    this.columns.replaceChildren(...this.widths.map(width => {
      const column = h("col");
      column.style.width = width + "px";
      return column;
    }));
    this.table.style.minWidth = this.widths.reduce((sum, width) => sum + width, 0) + "px";
  }

  drawHead() {
    const order = this.order ? this.order.split(",") : [];
    this.head.replaceChildren(...this.model.columns.map(({ name, property, relation }, column) => {
      const place = order.findIndex(part => part.replace(/^-/, "") === name);
      const direction = place < 0 ? null : order[place].startsWith("-") ? "descending" : "ascending";
      const title = property
        ? `${property.type}${property.optional ? ", optional" : ""}${relation ? `, leads to ${relation.model}` : ""}`
        : `a row of ${relation.model}`;
      const sign = direction ? (direction === "ascending" ? "↑" : "↓") + (order.length > 1 ? place + 1 : "") : "";
      return h("th", { scope: "col", role: "columnheader", "aria-sort": direction ?? (property ? "none" : null), "aria-colindex": column + 1, class: this.isNumber(name, property, relation) ? "number" : null, title },
        property ? h("button", { onclick: event => this.reorder(name, event.shiftKey) }, h("span", {}, name), h("i", {}, sign)) : h("span", { class: "relation" }, name));
    }));
  }

  reorder(name, isMore) {
    const order = this.order ? this.order.split(",") : [];
    const now = order.find(part => part.replace(/^-/, "") === name);
    const next = now === undefined ? name : now === name ? `-${name}` : null;
    const others = isMore ? order.filter(part => part !== now) : [];
    go(here({ order: [...others, next].filter(Boolean).join(",") || null, at: null }));
  }

  get height() { return (this.total ?? 0) * LINE; }
  get space() { return Math.max(0, this.scroller.clientHeight - LINE); }

  resize() {
    this.sizer.style.height = Math.min(this.height, TALLEST) + LINE + "px";
  }

  scrolled() {
    const { scrollTop, scrollHeight, clientHeight } = this.scroller;
    if (this.height <= TALLEST) {
      this.y = scrollTop;
    } else {
      const moved = scrollTop - (this.top ?? 0), most = scrollHeight - clientHeight;
      // Near by, a pixel is a pixel; far away, the bar is a map.
      this.y = Math.abs(moved) < 3 * clientHeight ? this.y + moved : scrollTop / most * (this.height - this.space);
      if (scrollTop <= 0) this.y = 0;
      if (scrollTop >= most - 1) this.y = this.height - this.space;
      this.y = Math.max(0, Math.min(this.y, this.height - this.space));
    }
    this.top = scrollTop;
    this.draw();
    this.keepPlace();
  }

  /** Puts a row at the top. */
  jump(row) {
    this.y = Math.max(0, Math.min(row * LINE, this.height - this.space));
    const most = Math.min(this.height, TALLEST) - this.space;
    this.top = this.height <= TALLEST ? this.y : Math.round(this.y / (this.height - this.space) * most);
    this.scroller.scrollTop = this.top;
    this.top = this.scroller.scrollTop;
    this.draw(true);
  }

  inSight() {
    const first = Math.max(0, Math.floor(this.y / LINE) - 4);
    return [first, Math.min(this.total ?? 0, Math.ceil((this.y + this.space) / LINE) + 4)];
  }

  draw(isAnew = false) {
    if (this.total === null || !this.widths) return;
    const [first, last] = this.inSight();
    const isHeld = this.body.contains(document.activeElement);
    if (isAnew) this.rows.clear();
    const shownRows = new Map();
    for (let place = first; place < last; place++) {
      const row = this.chunks.get(Math.floor(place / this.size))?.[place % this.size];
      const drawn = this.rows.get(place);
      shownRows.set(place, drawn && drawn.row === row ? drawn : { row, element: this.drawRow(place, row) });
    }
    this.rows = shownRows;
    const elements = [...shownRows.values()].map(({ element }) => element);
    if (elements.length !== this.body.children.length || elements.some((element, place) => this.body.children[place] !== element)) {
      this.body.replaceChildren(...elements);
    }
    this.table.style.top = Math.round(this.scroller.scrollTop - (this.y - first * LINE)) + "px";
    if (this.chunksInSight().some(chunk => !this.chunks.has(chunk))) this.more();
    if (isHeld) this.focus();
  }

  drawRow(place, row) {
    const isLit = row && this.lit.get(row.id) > Date.now();
    const id = row ? idOf(this.model, row) : null;
    return h("tr", { "aria-rowindex": place + 2, "data-place": place, "data-id": row?.id, class: [place % 2 ? "odd" : "", isLit ? "lit" : ""].join(" ").trim() || null },
      this.model.columns.map(({ name, property, relation }, column) => {
        const isActive = this.active.row === place && this.active.column === column;
        const isChanged = isLit && (row.changed?.has(name));
        const isKey = column === 0;
        const cell = h(isKey ? "th" : "td", {
          role: isKey ? "rowheader" : "gridcell", scope: isKey ? "row" : null, "aria-colindex": column + 1, tabindex: isActive ? 0 : -1,
          class: [this.isNumber(name, property, relation) ? "number" : "", isChanged ? "changed" : "", isActive ? "active" : ""].join(" ").trim() || null,
        });
        if (!row) cell.append(h("span", { class: "ghost" }));
        else if (relation) cell.append(this.link(relation, row, property) ?? shown(null));
        else if (isKey) cell.append(h("a", { href: onward([this.model.path, id]), tabindex: -1 }, shown(row[name], 80)));
        else cell.append(shown(row[name], 120));
        return cell;
      }));
  }

  /** A link to the row that a relation leads to. */
  link(relation, row, property) {
    const target = modelOf(relation.model);
    const other = row[relation.name];
    const key = property ? row[property.name] : null;
    if (other && typeof other === "object") {
      const label = labelOf(target, other);
      return h("a", { href: onward([target.path, idOf(target, other)]), tabindex: -1, title: `${target.name} ${keyText(target, other)}` },
        label || keyText(target, other), label && property ? h("small", {}, plain(key)) : null);
    }
    // The relation has the name of its key: what is included would hide it.
    if (key != null) return h("a", { href: onward([target.path, String(key)]), tabindex: -1 }, plain(key));
    return null;
  }

  /** Numbers stand at the right; those that are keys are names. */
  isNumber(name, property, relation) { return isNumeric(property) && !relation && !this.model.primaryKey?.includes(name); }

  // ---- Keys

  clicked(event) {
    const cell = event.target.closest("th[role=rowheader], td");
    if (!cell) return;
    const place = Number(cell.parentElement.dataset.place);
    this.activate(place, [...cell.parentElement.children].indexOf(cell));
    if (event.target.closest("a") || String(getSelection())) return;
    this.open(place);
  }

  open(place) {
    const row = this.rows.get(place)?.row;
    if (row) go(onward([this.model.path, idOf(this.model, row)]));
  }

  activate(row, column) {
    this.cell()?.setAttribute("tabindex", -1);
    this.cell()?.classList.remove("active");
    this.active = { row: Math.max(0, Math.min(row, this.total - 1)), column: Math.max(0, Math.min(column, this.model.columns.length - 1)) };
    this.cell()?.setAttribute("tabindex", 0);
    this.cell()?.classList.add("active");
  }

  cell() { return this.rows.get(this.active.row)?.element.children[this.active.column]; }

  focus() {
    const cell = this.cell();
    if (!cell) return this.scroller.focus({ preventScroll: true });
    cell.focus({ preventScroll: true });
  }

  key(event) {
    if (event.ctrlKey || event.altKey || event.metaKey || event.target.closest("thead") || !this.total) return;
    const { row, column } = this.active;
    const page = Math.max(1, Math.floor(this.space / LINE) - 1);
    const to = {
      ArrowDown: [row + 1, column], ArrowUp: [row - 1, column], ArrowRight: [row, column + 1], ArrowLeft: [row, column - 1],
      PageDown: [row + page, column], PageUp: [row - page, column], Home: [0, column], End: [this.total - 1, column],
    }[event.key];
    if (to) {
      event.preventDefault();
      this.activate(...to);
      return this.reveal();
    }
    if (event.key === "Enter") {
      event.preventDefault();
      const link = event.shiftKey ? this.cell()?.querySelector("a") : null;
      if (link) go(link.getAttribute("href")); else this.open(row);
    }
  }

  /** Scrolls so that the active cell is in sight, and focuses it. */
  reveal() {
    const y = this.active.row * LINE;
    if (y < this.y) this.jump(this.active.row);
    else if (y + LINE > this.y + this.space) this.jump(this.active.row - Math.floor(this.space / LINE) + 1);
    const cell = this.cell();
    if (cell) {
      const first = this.body.firstChild.firstChild.offsetWidth;
      const [left, right] = [cell.offsetLeft - (this.active.column ? first : 0), cell.offsetLeft + cell.offsetWidth];
      if (left < this.scroller.scrollLeft) this.scroller.scrollLeft = left;
      else if (right > this.scroller.scrollLeft + this.scroller.clientWidth) this.scroller.scrollLeft = right - this.scroller.clientWidth;
    }
    this.focus();
  }

  close() {
    this.isClosed = true;
    this.abort?.abort();
    this.asked.close();
    this.keepPlace.cancel();
    this.observer.disconnect();
  }
}
