// The input for one field, and what is sent of it.

let inputs = 0;

class Editor {
  /** `value` is what is stored; `onsave` and `oncancel` are for the keys. */
  constructor(model, property, value, { onsave, oncancel, oninput } = {}) {
    Object.assign(this, { model, property, value });
    this.isNull = false;
    this.id = `field-${++inputs}`;
    const { type } = property;
    const text = typeof value === "object" && value !== null ? JSON.stringify(value, null, 1) : plain(value);
    const choices = property.enum ?? (type === "boolean" ? ["true", "false"] : null);
    const isLong = type === "array" || type === "object" || type === "any" || text.length > 70 || text.includes("\n");
    const shared = {
      id: this.id, "aria-label": property.name, "aria-describedby": `${this.id}-error`,
      oninput: () => { this.isNull = false; this.isTouched = true; this.refuse(""); oninput?.(); },
      onkeydown: event => {
        if (event.key === "Enter" && (!isLong || event.ctrlKey || event.metaKey) && onsave) { event.preventDefault(); event.stopPropagation(); onsave(); }
        if (event.key === "Escape" && oncancel) { event.preventDefault(); event.stopPropagation(); oncancel(); }
      },
    };
    if (choices) {
      this.input = h("select", shared, value == null ? h("option", { value: "" }, "") : null, choices.map(choice => h("option", { value: choice }, choice)));
    } else if (isLong) {
      this.input = h("textarea", { ...shared, rows: Math.min(8, Math.max(2, Math.ceil(text.length / 60))), spellcheck: "false" });
    } else {
      this.input = h("input", { ...shared, type: "text", inputmode: isNumeric(property) ? "decimal" : null, autocomplete: "off", spellcheck: "false" });
    }
    this.input.value = text;
    this.relation = relationBy(model, property.name);
    if (this.relation && !isLong && !choices) this.suggest();
    this.error = h("p", { id: `${this.id}-error`, class: "error", role: "alert" });
    this.null = property.optional ? h("button", { type: "button", class: "plain", title: "Set to null", onclick: () => this.clear(oninput) }, "null") : null;
  }

  /** The rows that a foreign key may lead to, by what they are called. */
  suggest() {
    const target = modelOf(this.relation.model);
    const list = h("datalist", { id: `${this.id}-list` });
    this.input.setAttribute("list", list.id);
    this.list = list;
    const look = debounced(200, async () => {
      const typed = this.input.value.trim();
      const filter = { limit: 30, fields: essentials(target) };
      const isKept = typed === plain(this.value);
      if (typed && !isKept && target.labels.length) filter.where = { or: target.labels.map(name => ({ [name]: { ilike: pattern(typed) } })) };
      try {
        const rows = await get(target.path, { filter });
        list.replaceChildren(...rows.map(row => h("option", { value: this.property.type === "id" ? row.id : idOf(target, row) }, labelOf(target, row))));
      } catch { /* Without suggestions one types the key. */ }
    });
    this.input.addEventListener("focus", look);
    this.input.addEventListener("input", look);
  }

  clear(oninput) {
    this.input.value = "";
    this.isNull = this.isTouched = true;
    this.refuse("");
    this.input.setAttribute("placeholder", "null");
    oninput?.();
  }

  /** The field as JSON. What is no number is sent as it stands: the store says what is wrong with it. */
  get json() {
    const text = this.input.value;
    const { type, optional } = this.property;
    if (this.isNull || (text === "" && optional && type !== "string")) return "null";
    // Digits are sent as they are typed: a double would cut them.
    if (isNumeric(this.property) && /^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/.test(text.trim())) return text.trim();
    if (type === "boolean" && /^(true|false)$/.test(text)) return text;
    if (["array", "object", "any"].includes(type)) {
      try { return JSON.stringify(JSON.parse(text)) && text; } catch { return JSON.stringify(text); }
    }
    // An absent text that nobody has typed into stays absent.
    if (text === "" && this.value == null && optional) return "null";
    return JSON.stringify(text);
  }

  refuse(text) {
    this.error.textContent = text;
    if (text) this.input.setAttribute("aria-invalid", "true"); else this.input.removeAttribute("aria-invalid");
  }

  /** The store's words for the fields, and what is about none of them in `rest`. */
  static refuse(editors, refused, rest) {
    const words = refused.byField(editors.map(({ property }) => property.name));
    for (const editor of editors) editor.refuse(words.get(editor.property.name) ?? "");
    rest.textContent = words.get("") ?? "";
    editors.find(({ property }) => words.has(property.name))?.input.focus();
  }
}

/** The form for a new row. */
class Creation {
  constructor(model, owner) {
    Object.assign(this, { model, owner });
    this.path = owner ? encodePath([owner.model.path, owner.id, owner.relation.name]) : model.path;
    let given = {};
    try { given = JSON.parse(readHash().query.get("new")) ?? {}; } catch { /* An address that was typed by hand. */ }
    // What the relation fills in is not asked for.
    const filled = owner ? model.relations.filter(relation => relation.kind === "belongsTo" && relation.model === owner.model.name) : [];
    const keys = filled.length === 1 ? filled[0].keys : [];
    this.rest = h("p", { class: "error", role: "alert" });
    const properties = model.shown.filter(property => property.name !== "id" && !keys.includes(property.name));
    this.editors = properties.map(property => {
      const editor = new Editor(model, property, given[property.name] ?? null, { onsave: () => this.save(), oninput: () => this.showRequest() });
      editor.isTouched = property.name in given;
      return editor;
    });
    this.element = h("section", { class: "page" },
      h("div", { class: "title" }, h("h1", {}, h("small", {}, owner ? `${owner.model.name} ${owner.id} · ${owner.relation.name}` : model.name), "New row")),
      h("form", { class: "form", novalidate: true, onsubmit: event => { event.preventDefault(); this.save(); } },
        this.editors.map(editor => {
          const { name, type, optional, hasDefault } = editor.property;
          return h("div", { class: "field" },
            h("label", { for: editor.id }, name, h("small", {}, type + (optional ? ", optional" : hasDefault ? ", has a default" : ""))),
            h("div", { class: "value" }, h("div", { class: "line" }, editor.input, editor.null, editor.list), editor.error));
        }),
        this.rest,
        h("div", { class: "actions" }, h("button", { class: "button main" }, "Create"), h("button", { type: "button", class: "button", onclick: back }, "Cancel"))));
  }

  request() {
    const touched = this.editors.filter(editor => editor.isTouched);
    return { method: "POST", path: this.path, body: `{${touched.map(editor => `${JSON.stringify(editor.property.name)}:${editor.json}`).join(",")}}` };
  }

  showRequest() { drawRequest({ ...this.request() }); }

  show() {
    drawCrumbs("new", h("a", { href: here({ new: null }) }, this.owner?.relation.name ?? this.model.name));
    document.title = `New row · ${this.model.name} · relata`;
    this.showRequest();
    this.editors[0]?.input.focus();
  }

  async save() {
    try {
      const { json } = await send(this.request());
      say(`${this.model.name} ${keyText(this.model, json)} created`);
      // Back leads to the list, not to the form.
      const hash = writeHash([this.model.path, idOf(this.model, json)], { from: readHash().query.getAll("from") });
      history.replaceState(history.state, "", hash);
      render();
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      Editor.refuse(this.editors, error, this.rest);
    }
  }

  changed() {}
  reload() {}
  close() {}
}
