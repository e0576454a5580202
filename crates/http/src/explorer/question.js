// Where a condition is typed: what may follow is offered, and what is wrong with it is said below.

class Question {
  /** `onask(text, isTyping)` is called with what can be read; `values(name)` gives values to offer; `onleave` is for the arrow down. */
  constructor(model, { onask, onleave, values }) {
    Object.assign(this, { model, onask, onleave, values });
    this.input = h("input", {
      id: "condition", type: "text", spellcheck: "false", autocomplete: "off", autocapitalize: "off",
      placeholder: this.example(), "aria-label": `Condition on ${this.model.name}`, "aria-describedby": "hint",
      role: "combobox", "aria-expanded": "false", "aria-controls": "options", "aria-autocomplete": "list",
      oninput: () => { this.complete(); this.typed(); }, onkeydown: event => this.key(event),
      onfocus: () => this.complete(), onblur: () => this.options.hidden = true,
    });
    this.options = h("ul", { id: "options", class: "options", role: "listbox", "aria-label": "What may follow", hidden: true });
    this.clear = h("button", { class: "plain clear", "aria-label": "Clear the condition", onclick: () => this.ask("") }, "×");
    this.hint = h("p", { id: "hint", class: "hint", role: "status" });
    this.element = h("div", { class: "ask" }, this.input, this.clear, this.options);
    this.typed = debounced(350, () => this.ask(this.input.value, true));
  }

  /** A condition that fits this model, as an example. */
  example() {
    const own = this.model.shown.filter(({ name }) => name !== this.model.key && !relationBy(this.model, name));
    const number = own.find(property => isNumeric(property)), text = own.findLast(property => property.type === "string");
    const tests = [number && `${number.name} > 10`, text && `${text.name} = ".."`].filter(Boolean);
    return tests.length ? tests.join(" and ") : "a condition";
  }

  show(where) {
    if (this.input.value.trim() !== where.trim()) this.input.value = where;
    this.clear.hidden = !where;
  }

  /** `isOpen`: it is being written, and no mistake yet. */
  misread(text, isOpen = false) {
    this.hint.textContent = text;
    this.hint.classList.toggle("bad", !isOpen);
    if (isOpen) this.input.removeAttribute("aria-invalid"); else this.input.setAttribute("aria-invalid", "true");
  }

  accepted() {
    this.hint.textContent = "";
    this.hint.classList.remove("bad");
    this.input.removeAttribute("aria-invalid");
  }

  ask(text, isTyping = false) {
    this.typed.cancel();
    if (!isTyping) this.input.value = text;
    this.clear.hidden = !text;
    try {
      condition(text, this.model);
    } catch (error) {
      if (!(error instanceof Misread)) throw error;
      return this.misread(error.message, isTyping && error.isOpen);
    }
    this.accepted();
    this.onask(text, isTyping);
  }

  complete() {
    const { start, options } = completions(this.input.value, this.input.selectionStart, this.model, name => this.values(name));
    this.chosen = -1;
    this.options.replaceChildren(...options.map((option, place) => h("li", {
      id: `option-${place}`, role: "option", "aria-selected": "false",
      onpointerdown: event => { event.preventDefault(); this.accept(start, option); },
    }, option)));
    this.options.style.left = `min(calc(${start}ch - ${this.input.scrollLeft}px), calc(100% - 240px))`;
    this.options.hidden = !options.length || document.activeElement !== this.input;
    this.input.setAttribute("aria-expanded", String(!this.options.hidden));
    this.choose = move => {
      const items = [...this.options.children];
      this.chosen = (this.chosen + move + items.length + (this.chosen < 0 && move < 0 ? 1 : 0)) % items.length;
      items.forEach((item, place) => item.setAttribute("aria-selected", String(place === this.chosen)));
      this.input.setAttribute("aria-activedescendant", items[this.chosen].id);
    };
    this.take = () => this.accept(start, options[Math.max(0, this.chosen)]);
  }

  accept(start, option) {
    const { value, selectionStart } = this.input;
    const after = value.slice(selectionStart).trimStart();
    const gap = /[.(]$/.test(option) ? "" : " ";
    this.input.value = value.slice(0, start) + option + gap + after;
    this.input.selectionStart = this.input.selectionEnd = start + option.length + gap.length;
    this.complete();
    this.typed();
  }

  key(event) {
    const isOpen = !this.options.hidden && this.options.children.length > 0;
    if (event.key === "Enter") {
      event.preventDefault();
      if (isOpen && this.chosen >= 0) return this.take();
      this.options.hidden = true;
      this.ask(this.input.value);
    } else if (event.key === "Escape") {
      event.stopPropagation();
      if (isOpen) this.options.hidden = true; else this.input.blur();
    } else if (isOpen && event.key === "Tab" && !event.shiftKey && this.input.value.trim()) {
      event.preventDefault();
      this.take();
    } else if (isOpen && (event.key === "ArrowDown" || event.key === "ArrowUp")) {
      event.preventDefault();
      this.choose(event.key === "ArrowDown" ? 1 : -1);
    } else if (event.key === "ArrowDown") {
      event.preventDefault();
      this.onleave();
    }
  }

  close() { this.typed.cancel(); }
}
