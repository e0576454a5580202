// One row: its fields, to be changed in place, and what is related to it in both directions.

/** How many rows of a relation are shown with their owner. */
const FEW = 5;

class RowPage {
  constructor(model, id) {
    Object.assign(this, { model, id });
    this.path = encodePath([model.path, id]);
    this.heading = h("h1", {}, h("small", {}, model.name), id);
    this.actions = h("div", { class: "actions" },
      model.readOnly ? null : h("button", { class: "button danger", id: "delete", onclick: () => go(here({ delete: "1" })) }, "Delete …"));
    this.notice = h("div", { class: "notice", role: "status" });
    this.plan = h("div", { class: "plan-of-delete" });
    this.body = h("tbody");
    this.panels = h("div", { class: "panels coming" });
    this.element = h("section", { class: "page" },
      h("div", { class: "title" }, this.heading, this.actions), this.notice, this.plan,
      h("div", { class: "sides" },
        h("section", { class: "panel fields", "aria-label": "Fields" }, h("table", {}, this.body)), this.panels));
    this.cells = new Map();
    this.again = throttled(300, () => this.isGone || this.read());
    this.foresee = throttled(300, () => this.isGone || !this.isDelete || this.preview());
    this.relations = this.related();
  }

  show() {
    drawCrumbs(names.get(`${this.model.path}/${this.id}`) ?? this.id);
    drawRequest({ path: this.path });
    if (!this.isRead) { this.isRead = true; this.read(); }
    const isDelete = readHash().query.has("delete");
    if (isDelete !== Boolean(this.isDelete)) {
      this.isDelete = isDelete;
      if (isDelete) this.preview(); else this.plan.replaceChildren();
    }
  }

  // ---- Fields

  async read() {
    let answer;
    try {
      answer = await send({ path: this.path });
    } catch (error) {
      if (this.isClosed) return;
      if (error.status === 404) {
        return this.vanish(error.text);
      }
      return this.say(error.text, "bad", h("button", { class: "button", onclick: () => this.read() }, "Try again"));
    }
    if (this.isClosed) return;
    const before = this.row;
    [this.row, this.tag] = [answer.json, answer.tag];
    this.element.classList.remove("gone");
    if (!this.editing) this.say("");
    remember(this.model, this.row);
    const label = labelOf(this.model, this.row);
    this.heading.replaceChildren(
      h("small", {}, h("a", { href: writeHash([this.model.path]) }, this.model.name), label ? ` ${keyText(this.model, this.row)}` : ""), label || keyText(this.model, this.row));
    document.title = `${label || keyText(this.model, this.row)} · ${this.model.name} · relata`;
    drawCrumbs(label || keyText(this.model, this.row));
    this.model.shown.forEach(property => {
      const old = before?.[property.name], now = this.row[property.name];
      if (!this.cells.has(property.name)) this.drawField(property);
      else if (plain(old) !== plain(now) || (old === null) !== (now === null)) this.refresh(property);
    });
    if (before) return this.relations.forEach(panel => panel.isOne && panel.read());
    // All appear at once, so that nothing moves; unless one takes long.
    const all = Promise.all(this.relations.map(panel => panel.read()));
    await Promise.race([all, new Promise(resolve => setTimeout(resolve, 800))]);
    this.panels.classList.remove("coming");
  }

  /** After changes that nobody has told of. */
  reload() {
    if (this.isGone) return;
    this.again();
    this.relations.forEach(panel => panel.reload());
  }

  vanish(text) {
    this.element.classList.add("gone");
    this.element.classList.toggle("never", !this.row);
    this.actions.hidden = true;
    this.plan.replaceChildren();
    this.say(text, "bad");
  }

  say(text, kind = "", action = null) {
    this.notice.className = `notice ${kind}`;
    this.notice.replaceChildren(...(text ? [h("p", {}, text), action ?? ""] : []));
  }

  drawField(property) {
    const { name, type, optional } = property;
    const isKey = this.model.primaryKey?.includes(name);
    const cell = h("td");
    this.cells.set(name, cell);
    this.body.append(h("tr", { "data-field": name },
      h("th", { scope: "row", title: type + (optional ? ", optional" : "") }, name, isKey ? h("small", { title: "primary key" }, "key") : null), cell));
    this.drawValue(property);
  }

  /** The value has changed: it lights up, and an editor that is open over it is told. */
  refresh(property) {
    const cell = this.cells.get(property.name);
    if (this.editing?.editor.property === property) {
      this.editing.editor.error.replaceChildren("Changed elsewhere meanwhile: it is now ", h("b", {}, shown(this.row[property.name])));
      return;
    }
    this.drawValue(property);
    blink(cell);
  }

  drawValue(property) {
    const { name, type } = property;
    const cell = this.cells.get(name);
    const value = this.row[name];
    const isFixed = this.model.readOnly || (type === "id" && name === "id");
    const text = shown(value, 1200);
    const relation = relationBy(this.model, name);
    const other = relation ? this.relations.find(panel => panel.relation === relation)?.rows?.[0] : null;
    const target = relation ? modelOf(relation.model) : null;
    const go = relation && value != null
      ? h("a", { class: "go", href: onward([target.path, other ? idOf(target, other) : String(value)]), title: `To ${relation.model}` },
        h("span", {}, other ? labelOf(target, other) : ""), " →") : null;
    cell.replaceChildren(isFixed ? h("span", { class: "text" }, text)
      : h("button", { class: "text", title: "Change", onclick: () => this.edit(property) }, text, h("i", { "aria-hidden": "true" }, "✎")), go ?? "");
  }

  edit(property) {
    if (this.editing && !this.stop()) return;
    const cell = this.cells.get(property.name);
    const editor = new Editor(this.model, property, this.row[property.name], { onsave: () => this.save(), oncancel: () => this.stop(true), oninput: () => this.showPatch() });
    this.editing = { editor, tag: this.tag };
    cell.replaceChildren(h("div", { class: "line" }, editor.input, editor.null, editor.list,
      h("button", { class: "button main", onclick: () => this.save() }, "Save"), h("button", { class: "plain", "aria-label": "Cancel", title: "Cancel (Esc)", onclick: () => this.stop(true) }, "×")), editor.error);
    cell.classList.add("open");
    editor.input.focus();
    editor.input.select?.();
    this.showPatch();
  }

  stop(isFocused = false) {
    const { editor } = this.editing;
    this.editing = null;
    this.cells.get(editor.property.name).classList.remove("open");
    this.drawValue(editor.property);
    if (isFocused) this.cells.get(editor.property.name).querySelector("button")?.focus();
    drawRequest({ path: this.path });
    return true;
  }

  patch() {
    const { editor, tag } = this.editing;
    return { method: "PATCH", path: this.path, body: `{${JSON.stringify(editor.property.name)}:${editor.json}}`, headers: { "if-match": tag } };
  }

  showPatch() { drawRequest(this.patch()); }

  async save() {
    const { editing } = this;
    const { editor } = editing;
    const { name } = editor.property;
    try {
      await send(this.patch());
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      if (error.status === 412) return this.differ(editing);
      return editor.refuse(error.text);
    }
    this.editing = null;
    this.cells.get(name).classList.remove("open");
    say(`${name} saved`);
    if (name === this.model.key) {
      // The address of the row was its key.
      history.replaceState(history.state, "", writeHash([this.model.path, String(JSON.parse(editor.json))], { from: readHash().query.getAll("from") }));
      return render();
    }
    await this.read();
    if (this.cells.get(name).contains(editor.input)) this.drawValue(editor.property);
    blink(this.cells.get(name));
    this.cells.get(name).querySelector("button")?.focus();
  }

  /** Somebody else was faster: says what is stored now, and lets choose. */
  async differ(editing) {
    const { editor } = editing;
    const { name } = editor.property;
    const before = editor.value;
    await this.read();
    editing.tag = this.tag;
    const now = this.row[name];
    editor.value = now;
    const isSame = plain(before) === plain(now);
    editor.error.replaceChildren(
      isSame ? "Somebody else has changed other fields of this row since you opened it." : "Somebody else has changed this field since you opened it. It is now ",
      isSame ? "" : h("b", {}, shown(now)), isSame ? "" : ".",
      h("span", { class: "actions" }, h("button", { class: "button", onclick: () => this.save() }, "Save mine"), h("button", { class: "button", onclick: () => this.stop(true) }, "Keep theirs")));
    editor.input.setAttribute("aria-invalid", "true");
    this.showPatch();
  }

  // ---- What is related

  related() {
    const own = this.model.relations.map(relation => new Panel(this, relation));
    // A model that refers to this one, which has no name for the way back.
    const isNamed = model => this.model.relations.some(relation => relation.model === model.name && !["belongsTo", "referencesMany"].includes(relation.kind));
    const others = schema.models.filter(model => !isNamed(model)).flatMap(model =>
      model.relations.filter(relation => ["belongsTo", "referencesMany"].includes(relation.kind) && relation.model === this.model.name)
        .map(relation => new Panel(this, relation, model)));
    const panels = [...own, ...others];
    panels.sort((a, b) => Number(b.isOne) - Number(a.isOne));
    this.panels.append(...panels.map(panel => panel.element));
    return panels;
  }

  changed(changes) {
    if (!this.row || this.isGone) return;
    if (changes.some(change => change.kind === "removed" && change.model === this.model.name && change.id === this.row.id)) {
      this.isGone = true;
      return this.vanish("This row has been removed.");
    }
    if (changes.some(change => change.model === this.model.name && (change.id === this.row.id || change.kind === "touched" || this.model.hidesId))) this.again();
    for (const panel of this.relations) {
      const ids = changes.filter(change => change.model === panel.target.name);
      if (ids.length) panel.changed(ids);
    }
    if (this.isDelete) this.foresee();
  }

  // ---- Delete

  async preview() {
    const close = () => go(here({ delete: null }));
    let plan;
    try {
      plan = await get(`${this.path}/delete-plan`);
    } catch (error) {
      return this.plan.replaceChildren(h("p", { class: "error" }, error.text ?? error.message));
    }
    if (!this.isDelete || this.isClosed) return;
    const isBlocked = plan.blocked.length > 0;
    const others = plan.removed.filter(({ model, id }) => model !== plan.row.model || id !== plan.row.id);
    const list = (rows, text) => {
      const models = Map.groupBy ? Map.groupBy(rows, row => row.model) : rows.reduce((all, row) => all.set(row.model, [...(all.get(row.model) ?? []), row]), new Map());
      return [...models].map(([name, rows]) => h("li", {}, h("b", {}, text(rows.length, name)), " ",
        rows.slice(0, 12).map(({ id, relation }) => [h("a", { href: onward([modelOf(name).path, id]) }, id, relation ? h("small", {}, relation) : null), " "]),
        rows.length > 12 ? `and ${rows.length - 12} more` : null));
    };
    const count = Math.max(plan.removedCount, 1);
    const button = h("button", { class: "button danger main", disabled: isBlocked, onclick: () => this.remove() }, isBlocked ? "Cannot be deleted" : `Delete ${plural(count, "row")}`);
    this.plan.replaceChildren(h("section", { class: "warning", "aria-label": "What a delete does" },
      h("h2", {}, isBlocked ? "This row cannot be deleted" : "Delete this row?"),
      isBlocked ? h("ul", { class: "blocked" }, plan.blocked.map(text => h("li", {}, text)))
        : others.length || plan.changed.length ? null : h("p", {}, "Nothing else is removed or changed by it."),
      others.length ? [h("h3", {}, isBlocked ? "Would go with it" : "Goes with it"), h("ul", { class: "removed" }, list(others, (count, name) => `${count} of ${name}`))] : null,
      plan.changed.length ? [h("h3", {}, isBlocked ? "Would change with it" : "Changes with it"), h("ul", { class: "changed-rows" }, list(plan.changed, (count, name) => `${count} of ${name}`))] : null,
      h("div", { class: "actions" }, button, h("button", { class: "button", onclick: close }, "Keep it"))));
    drawRequest({ method: "DELETE", path: this.path, headers: this.tag ? { "if-match": this.tag } : {} });
    if (!this.plan.contains(document.activeElement)) this.plan.querySelector(isBlocked ? ".actions .button:last-child" : ".actions .button").focus();
  }

  async remove() {
    try {
      await send({ method: "DELETE", path: this.path, headers: { "if-match": this.tag } });
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      if (error.status === 412) await this.read();
      await this.preview();
      this.plan.firstChild?.append(h("p", { class: "error", role: "alert" }, error.status === 412 ? "Somebody else has changed this row since you opened it: look again." : error.text));
      return;
    }
    say(`${this.model.name} ${keyText(this.model, this.row)} deleted`);
    const steps = readHash().query.getAll("from");
    const last = steps.pop();
    const { parts, query } = last ? readHash(last) : { parts: [this.model.path], query: new URLSearchParams() };
    for (const step of steps) query.append("from", step);
    history.replaceState(history.state, "", writeHash(parts, query));
    render();
  }

  close() { this.isClosed = true; }
}

/** The rows of one relation of a row. `source` is the model that has it, where that is not the row's own. */
class Panel {
  constructor(page, relation, source = null) {
    Object.assign(this, { page, relation, source });
    this.target = source ?? modelOf(relation.model);
    this.isOne = !source && !relation.many;
    this.count = h("span", { class: "badge" });
    this.title = h("h2", {}, source ? `${source.name} by ${relation.name}` : relation.name);
    this.more = h("span", { class: "more" });
    this.content = h("div", { class: "content" }, h("p", { class: "quiet" }, "…"));
    this.element = h("section", { class: "panel", "aria-label": source ? `${source.name} by ${relation.name}` : relation.name },
      h("header", {}, this.title, this.isOne ? null : this.count, h("span", { class: "kind" }, this.isOne ? this.target.name : this.target.name === relation.name ? "" : this.target.name), this.more), this.content);
    this.lit = new Set();
    this.reload = throttled(300, () => this.read());
  }

  changed(changes) {
    changes.forEach(({ id }) => this.lit.add(id));
    this.reload();
  }

  async read() {
    const { page, relation, target } = this;
    try {
      if (this.isOne) {
        const row = await get(page.path, { filter: { include: [relation.name] } });
        const other = row[relation.name];
        this.rows = other && typeof other === "object" ? [other] : [];
      } else {
        const include = inclusions(target).filter(({ relation: name }) => relationOf(target, name).model !== page.model.name);
        const filter = { limit: FEW, ...(include.length ? { include } : {}) };
        const back = { [relation.name]: { some: { id: page.row.id } } };
        const [rows, { count }] = await Promise.all(this.source
          ? [get(target.path, { filter: { where: back, ...filter } }), get(`${target.path}/count`, { where: back })]
          : [get(`${page.path}/${encodeURIComponent(relation.name)}`, { filter }), get(`${page.path}/${encodeURIComponent(relation.name)}/count`)]);
        [this.rows, this.total] = [rows, count];
      }
    } catch (error) {
      return this.content.replaceChildren(h("p", { class: "error" }, error.text ?? error.message));
    }
    if (page.isClosed) return;
    this.draw();
    // The key says where it leads.
    const key = this.isOne ? page.model.shown.find(({ name }) => relationBy(page.model, name) === relation) : null;
    if (key && page.editing?.editor.property !== key) page.drawValue(key);
  }

  draw() {
    const { page, relation, target, rows } = this;
    rows.forEach(row => remember(target, row));
    const isMany = relation.kind === "hasMany" && !this.source;
    if (!this.isOne) {
      if (this.count.textContent && this.count.textContent !== this.total.toLocaleString("en")) blink(this.count);
      this.count.textContent = this.total.toLocaleString("en");
      const all = this.source
        ? onward([target.path], { where: JSON.stringify({ [relation.name]: { some: { id: page.row.id } } }) })
        : onward([page.model.path, page.id, relation.name]);
      this.more.replaceChildren(
        isMany && !target.readOnly ? h("a", { href: onward([page.model.path, page.id, relation.name], { new: "{}" }), "aria-label": `New row of ${relation.name}` }, "New") : "",
        this.total ? h("a", { href: all }, this.total > FEW ? "All →" : "Open →") : "");
    }
    if (!rows.length) return this.content.replaceChildren(h("p", { class: "quiet" }, this.isOne ? "None." : "No rows."));
    // A few columns: what names the row, then what there is, less the way back.
    const isBack = column => column.relation?.model === page.model.name && this.source !== null === (column.relation === relation) && !this.isOne;
    const columns = target.columns.filter(column => !isBack(column) && (column.property?.type ?? "id") !== "array").slice(0, this.isOne ? 5 : 4);
    if (this.isOne) {
      const [row] = rows;
      const goal = onward([target.path, idOf(target, row)]);
      this.content.replaceChildren(h("a", { class: "one", href: goal },
        h("b", {}, labelOf(target, row) || keyText(target, row)),
        h("span", {}, columns.filter(({ name, relation }) => !relation && !target.labels.includes(name) && row[name] != null).map(({ name }) => h("span", {}, h("small", {}, name), plain(row[name]).slice(0, 40))))));
      if (this.lit.delete(row.id)) blink(this.content.firstChild);
      return;
    }
    const grid = new Linker(target);
    this.content.replaceChildren(h("table", { class: "few" },
      h("thead", {}, h("tr", {}, columns.map(({ name, property, relation }) => h("th", { scope: "col", class: grid.isNumber(name, property, relation) ? "number" : null }, name)))),
      h("tbody", {}, rows.map(row => {
        const goal = onward([target.path, idOf(target, row)]);
        return h("tr", { class: this.lit.delete(row.id) ? "lit" : null, onclick: event => { if (!event.target.closest("a") && !String(getSelection())) go(goal); } },
          columns.map(({ name, property, relation }, place) => h(place ? "td" : "th", { scope: place ? null : "row", class: grid.isNumber(name, property, relation) ? "number" : null },
            place === 0 && !(relation && target.primaryKey?.length > 1) ? h("a", { href: goal }, shown(row[name] ?? row.id, 40))
              : relation ? grid.link(relation, row, property) ?? shown(null) : shown(row[name], 60))));
      }))));
    this.lit.clear();
  }
}

/** Links to related rows, as the grid has them. */
class Linker {
  constructor(model) { this.model = model; }
}
Linker.prototype.link = Grid.prototype.link;
Linker.prototype.isNumber = Grid.prototype.isNumber;
