// The models as a picture: those that are referred to stand left of those that refer to them.

const BOX = { width: 190, head: 36, line: 22, gapX: 84, gapY: 26 };

/** Places for boxes and lines; the same models always give the same picture. */
function layout(models) {
  const boxes = new Map(models.map(model => {
    const keys = model.relations.filter(relation => ["belongsTo", "referencesMany"].includes(relation.kind));
    return [model.name, { model, keys, height: BOX.head + keys.length * BOX.line + (keys.length ? 6 : 0), layer: 0, near: [] }];
  }));
  const edges = [];
  for (const box of boxes.values()) {
    box.keys.forEach((relation, line) => {
      const to = boxes.get(relation.model);
      if (to) edges.push({ from: box, to, relation, line });
    });
  }
  // The layer is the longest way to a model that refers to nothing; what closes a ring does not count.
  const state = new Map();
  const settle = box => {
    if (state.has(box)) return state.get(box) === "done" ? box.layer : -1;
    state.set(box, "open");
    for (const edge of edges) if (edge.from === box && edge.to !== box) box.layer = Math.max(box.layer, settle(edge.to) + 1);
    state.set(box, "done");
    return box.layer;
  };
  boxes.forEach(settle);
  // Models that are referred to only from far away move near to where they are used.
  for (const box of boxes.values()) {
    const users = edges.filter(edge => edge.to === box && edge.from !== box).map(edge => edge.from.layer);
    const isRoot = !edges.some(edge => edge.from === box && edge.to !== box);
    if (isRoot && users.length) box.layer = Math.max(0, Math.min(...users) - 1);
  }

  // A line over several layers takes a place in each between: so it goes round the boxes there.
  const bends = [];
  for (const edge of edges) {
    const { from, to, line } = edge;
    if (from === to) continue;
    const step = Math.sign(to.layer - from.layer) || 1;
    const way = [from];
    edge.bends = [];
    for (let layer = from.layer + step; step * layer < step * to.layer; layer += step) {
      const bend = { model: { name: `${from.model.name} ${line}` }, height: 0, layer, near: [] };
      edge.bends.push(bend);
      bends.push(bend);
      way.push(bend);
    }
    way.push(to);
    const height = box => box === from ? keyLine(line) : box.keys ? BOX.head / 2 : 0;
    for (let place = 1; place < way.length; place++) {
      const [a, b] = [way[place - 1], way[place]];
      a.near.push({ box: b, at: height(b) });
      b.near.push({ box: a, at: height(a) });
    }
  }

  const linked = [...boxes.values()].filter(box => box.near.length);
  const alone = [...boxes.values()].filter(box => !box.near.length);
  const layers = [];
  for (const box of [...linked, ...bends]) (layers[box.layer] ??= []).push(box);
  const columns = layers.filter(Boolean);
  const stack = column => {
    let y = 0;
    for (const box of column) { box.y = y; y += box.height + BOX.gapY; }
    return y - BOX.gapY;
  };
  columns.forEach(stack);
  const wish = box => box.near.reduce((sum, { box: other, at }) => sum + other.y + at, 0) / box.near.length;
  // Each column in turn is ordered by where its boxes are drawn to.
  for (let round = 0; round < 8; round++) {
    for (const column of round % 2 ? columns.toReversed() : columns) {
      const wishes = new Map(column.map(box => [box, wish(box)]));
      column.sort((a, b) => wishes.get(a) - wishes.get(b) || (a.model.name < b.model.name ? -1 : 1));
      stack(column);
    }
  }
  uncross(columns, stack);
  // Then each box moves to where it is drawn, as far as its neighbours leave room.
  for (let round = 0; round < 12; round++) {
    for (const column of round % 2 ? columns.toReversed() : columns) {
      column.forEach(box => { box.y = wish(box) - (box.keys ? BOX.head / 2 : 0); });
      for (let place = 1; place < column.length; place++) {
        const above = column[place - 1], box = column[place];
        const overlap = above.y + above.height + BOX.gapY - box.y;
        if (overlap > 0) {
          // Half of it goes up, through all that is above.
          box.y += overlap / 2;
          for (let up = place - 1; up >= 0; up--) {
            const most = column[up + 1].y - BOX.gapY - column[up].height;
            if (column[up].y > most) column[up].y = most;
          }
        }
      }
    }
  }
  columns.forEach((column, place) => column.forEach(box => { box.x = place * (BOX.width + BOX.gapX); }));
  const top = Math.min(...[...linked, ...bends].map(box => box.y), Infinity);
  [...linked, ...bends].forEach(box => { box.y = Math.round(box.y - top); });
  const wide = Math.max(columns.length, 3);
  const below = linked.length ? Math.max(...linked.map(box => box.y + box.height)) + BOX.gapY * 2 : 0;
  alone.forEach((box, place) => {
    box.x = (place % wide) * (BOX.width + BOX.gapX);
    box.y = below + Math.floor(place / wide) * (BOX.head + BOX.gapY);
  });
  const all = [...boxes.values()];
  return {
    boxes: all, edges,
    width: Math.max(BOX.width, ...all.map(box => box.x + BOX.width)),
    height: Math.max(BOX.head, ...all.map(box => box.y + box.height)),
  };
}

/** How many pairs of lines cross. */
function crossings(columns) {
  const segments = columns.flat().flatMap(box => box.near
    .filter(({ box: other }) => other.layer > box.layer)
    .map(({ box: other, at }) => ({ layer: box.layer, left: box.y + (other.near.find(back => back.box === box)?.at ?? 0), right: other.y + at })));
  let count = 0;
  segments.forEach((a, place) => {
    for (let next = place + 1; next < segments.length; next++) {
      const b = segments[next];
      if (a.layer === b.layer && (a.left - b.left) * (a.right - b.right) < 0) count++;
    }
  });
  return count;
}

/** Moves boxes to other places of their columns as long as fewer lines cross: for pictures of a size that people look at. */
function uncross(columns, stack) {
  if (columns.flat().length > 60) return;
  let best = crossings(columns);
  for (let round = 0; round < 4 && best > 0; round++) {
    const before = best;
    for (const column of columns) {
      for (const box of [...column]) {
        const from = column.indexOf(box);
        let place = from;
        for (let to = 0; to < column.length; to++) {
          column.splice(column.indexOf(box), 1);
          column.splice(to, 0, box);
          stack(column);
          const count = crossings(columns);
          if (count < best) [best, place] = [count, to];
        }
        column.splice(column.indexOf(box), 1);
        column.splice(place, 0, box);
        stack(column);
      }
    }
    if (best === before) break;
  }
}

const keyLine = line => BOX.head + line * BOX.line + 3 + BOX.line / 2;

function curve({ from, to, line, bends = [] }) {
  const y1 = from.y + keyLine(line), y2 = to.y + BOX.head / 2;
  if (from === to || from.x === to.x) {
    const x1 = from.x + BOX.width, x2 = to.x + BOX.width, out = 34;
    return `M${x1},${y1} C${x1 + out},${y1} ${x2 + out},${y2} ${x2},${y2}`;
  }
  const isLeft = to.x < from.x;
  const x1 = isLeft ? from.x : from.x + BOX.width, x2 = isLeft ? to.x + BOX.width : to.x;
  const half = (isLeft ? -1 : 1) * BOX.gapX / 2;
  let path = `M${x1},${y1}`, [x, y] = [x1, y1];
  const to1 = (nextX, nextY) => {
    path += ` C${x + half},${y} ${nextX - half},${nextY} ${nextX},${nextY}`;
    [x, y] = [nextX, nextY];
  };
  for (const bend of bends) {
    to1(bend.x + (isLeft ? BOX.width : 0), bend.y);
    x = bend.x + (isLeft ? 0 : BOX.width);
    path += ` L${x},${y}`;
  }
  to1(x2, y2);
  return path;
}

/** A model, with those that it refers to and those that refer to it. */
function around(model) {
  const isNext = other => model.relations.some(relation => relation.model === other.name) || other.relations.some(relation => relation.model === model.name);
  return schema.models.filter(other => other === model || isNext(other));
}

class Diagram {
  /** `centre` is the model round which to look; without one all are drawn. */
  constructor(centre) {
    this.models = centre ? around(centre) : schema.models;
    const names = this.models.map(({ name, count }) => widthOf(name, 13, 600) + widthOf(count.toLocaleString("en"), 12) + 40);
    BOX.width = Math.ceil(Math.min(280, Math.max(150, ...names)));
    BOX.gapX = innerWidth < 1100 ? 56 : 84;
    this.plan = layout(this.models);
    const rows = schema.models.reduce((sum, { count }) => sum + count, 0);
    this.caption = h("div", { class: "caption" }, centre
      ? [h("h1", {}, `${centre.name} and what is next to it.`), " ", h("a", { href: "#/" }, `All ${schema.models.length} models`)]
      : [h("h1", {}, `${plural(schema.models.length, "model")}, ${plural(rows, "row")}.`), " Click a model for its rows, a key or a line for what it leads to."]);
    this.element = h("section", { class: "diagram", "aria-label": "Models and their relations" });
    this.svg = svg("svg", { role: "group", "aria-label": "Diagram" });
    this.world = svg("g");
    this.svg.append(this.world);
    this.card = h("aside", { class: "card", "aria-live": "polite" });
    const zoom = (text, label, run) => h("button", { class: "plain", "aria-label": label, title: label, onclick: run }, text);
    this.element.append(this.svg, this.caption, this.card, h("div", { class: "zoom" },
      zoom("+", "Nearer", () => this.zoom(1.25)), zoom("−", "Farther", () => this.zoom(0.8)), zoom("⤢", "All of it", () => this.fit())));
    this.draw();
    this.listen();
    this.observer = new ResizeObserver(() => { if (!this.isMoved) this.fit(); });
    this.observer.observe(this.element);
  }

  draw() {
    this.parts = [];
    for (const edge of this.plan.edges) {
      const { from, to, relation } = edge;
      const d = curve(edge);
      const name = `${from.model.name}.${relation.name}`;
      const text = `${name} leads to ${relation.model}`;
      const line = svg("g", {
        class: `edge${relation.required ? "" : " optional"}`, tabindex: 0, role: "button", "aria-label": text,
        onclick: () => this.select(name), onkeydown: event => { if (event.key === "Enter") { event.stopPropagation(); this.select(name); } },
      }, svg("title", {}, text), svg("path", { class: "wide", d }), svg("path", { class: "line", d }));
      const end = d.split(" ").at(-1).replace(/^[A-Z]/, "").split(",").map(Number), start = d.slice(1).split(" ")[0].split(",").map(Number);
      line.append(svg("circle", { cx: end[0], cy: end[1], r: 3.2 }));
      // The end that many rows may be at.
      const side = start[0] === from.x ? -1 : 1;
      line.append(svg("path", { class: "line", d: `M${start[0] + side * 9},${start[1]} L${start[0]},${start[1] - 5} M${start[0] + side * 9},${start[1]} L${start[0]},${start[1] + 5}` }));
      this.parts.push({ element: line, models: [from.model.name, to.model.name], name });
      this.world.append(line);
    }
    // How many rows there are, as a line: its length grows with the number of digits.
    const most = Math.log1p(Math.max(1, ...this.models.map(({ count }) => count)));
    for (const { model, keys, x, y, height } of this.plan.boxes) {
      const box = svg("g", { class: "box", transform: `translate(${x} ${y})` },
        svg("a", { href: onward([model.path]) },
          svg("rect", { width: BOX.width, height, rx: 7 }),
          svg("path", { class: "size", d: `M6,${BOX.head - .5} H${6 + (BOX.width - 12) * Math.log1p(model.count) / most}` }),
          svg("text", { class: "name", x: 12, y: 23 }, model.name.length > 30 ? model.name.slice(0, 29) + "…" : model.name, " "),
          svg("text", { class: "count", x: BOX.width - 12, y: 23, "text-anchor": "end", "data-count": model.name }, model.count.toLocaleString("en"))),
        keys.length ? svg("path", { class: "rule", d: `M0,${BOX.head} H${BOX.width}` }) : null,
        keys.map((relation, line) => {
          const name = `${model.name}.${relation.name}`;
          return svg("g", { class: "key", onclick: () => this.select(name) },
            svg("rect", { x: 4, y: BOX.head + line * BOX.line + 3, width: BOX.width - 8, height: BOX.line, rx: 4 }),
            svg("text", { x: 12, y: BOX.head + line * BOX.line + 19 }, relation.name + (relation.required ? "" : " ?")));
        }));
      box.addEventListener("mouseenter", () => this.highlight([model.name]));
      box.addEventListener("mouseleave", () => this.highlight(null));
      this.parts.push({ element: box, models: [model.name], isBox: true });
      this.world.append(box);
    }
  }

  /** Dims all but some models, what is next to them and the relations between. */
  highlight(models, relation = this.selected) {
    const isLit = models !== null || relation;
    this.world.classList.toggle("dimmed", Boolean(isLit));
    const near = new Set(models ?? []);
    for (const { element, models: ends, isBox, name } of this.parts) {
      if (isBox) continue;
      const isOn = relation && models === null ? name === relation : ends.some(end => models?.includes(end));
      element.classList.toggle("on", Boolean(isOn));
      if (isOn) ends.forEach(end => near.add(end));
    }
    for (const { element, models: [model], isBox } of this.parts) if (isBox) element.classList.toggle("on", near.has(model));
  }

  select(name) {
    go(here({ relation: name === this.selected ? null : name }), { replace: true });
    this.update();
  }

  /** What is said of the relation that the address names. */
  update() {
    this.selected = readHash().query.get("relation");
    this.highlight(null);
    const edge = this.plan.edges.find(({ from, relation }) => `${from.model.name}.${relation.name}` === this.selected);
    this.card.hidden = !edge;
    if (!edge) return;
    const { from: { model: source }, to: { model: target }, relation } = edge;
    const back = target.relations.filter(other => other.model === source.name && !["belongsTo", "referencesMany"].includes(other.kind));
    this.card.replaceChildren(
      h("button", { class: "plain close", "aria-label": "Close", onclick: () => this.select(this.selected) }, "×"),
      h("h2", {}, `${source.name}.${relation.name}`),
      h("p", {}, `Each row of `, h("a", { href: onward([source.path]) }, source.name),
        ` leads to ${relation.many ? "any number of rows" : relation.required ? "one row" : "at most one row"} of `,
        h("a", { href: onward([target.path]) }, target.name), "."),
      h("dl", {},
        h("dt", {}, "Key"), h("dd", {}, h("code", {}, relation.keys.join(", ") || "none")),
        h("dt", {}, "On delete"), h("dd", {}, relation.onDelete ?? "none"),
        back.length ? [h("dt", {}, "Way back"), h("dd", {}, h("code", {}, back.map(({ name }) => `${target.name}.${name}`).join(", ")))] : null));
  }

  // ---- Moving about

  apply() {
    const { scale, x, y } = this.view;
    this.world.setAttribute("transform", `translate(${x} ${y}) scale(${scale})`);
  }

  fit() {
    const { width, height } = this.element.getBoundingClientRect();
    if (!width || !height) return;
    const free = width < 600 ? 16 : 32, above = this.caption.offsetHeight + 22;
    // Smaller than this nobody can read it: then one moves about in it.
    const whole = Math.min((width - 2 * free) / this.plan.width, (height - above - free) / this.plan.height);
    const scale = Math.max(Math.min(whole, 1.2), 0.7);
    const place = (from, space, size, share) => from + Math.max(0, (space - size * scale) * share);
    this.view = { scale, x: place(free, width - 2 * free, this.plan.width, 0.5), y: place(above, height - above - free, this.plan.height, 0.3) };
    this.isMoved = false;
    this.apply();
  }

  zoom(by, atX, atY) {
    const { width, height } = this.svg.getBoundingClientRect();
    const [px, py] = [atX ?? width / 2, atY ?? height / 2];
    const scale = Math.min(3, Math.max(0.15, this.view.scale * by));
    const ratio = scale / this.view.scale;
    this.view = { scale, x: px - (px - this.view.x) * ratio, y: py - (py - this.view.y) * ratio };
    this.isMoved = true;
    this.apply();
  }

  move(x, y) {
    this.view.x += x;
    this.view.y += y;
    this.isMoved = true;
    this.apply();
  }

  listen() {
    const pointers = new Map();
    let moved = 0;
    this.svg.addEventListener("pointerdown", event => {
      if (!pointers.size) moved = 0;
      pointers.set(event.pointerId, event);
    });
    this.svg.addEventListener("pointermove", event => {
      const before = pointers.get(event.pointerId);
      if (!before) return;
      const [x, y] = [event.clientX - before.clientX, event.clientY - before.clientY];
      moved += Math.abs(x) + Math.abs(y);
      if (moved > 6 && !this.svg.hasPointerCapture(event.pointerId)) this.svg.setPointerCapture(event.pointerId);
      const other = [...pointers.values()].find(pointer => pointer.pointerId !== event.pointerId);
      if (other) {
        const apart = pointer => Math.hypot(pointer.clientX - other.clientX, pointer.clientY - other.clientY);
        const { left, top } = this.svg.getBoundingClientRect();
        this.zoom(apart(event) / Math.max(1, apart(before)), other.clientX - left, other.clientY - top);
      } else if (moved > 6) this.move(x, y);
      pointers.set(event.pointerId, event);
    });
    for (const name of ["pointerup", "pointercancel"]) this.svg.addEventListener(name, event => pointers.delete(event.pointerId));
    // The end of a drag is no click.
    this.svg.addEventListener("click", event => {
      if (moved > 6) { event.preventDefault(); event.stopPropagation(); }
    }, true);
    this.svg.addEventListener("dragstart", event => event.preventDefault());
    this.svg.addEventListener("wheel", event => {
      event.preventDefault();
      const { left, top } = this.svg.getBoundingClientRect();
      if (event.shiftKey) return this.move(-event.deltaY, 0);
      this.zoom(Math.exp(-event.deltaY / 500), event.clientX - left, event.clientY - top);
    }, { passive: false });
    this.svg.addEventListener("keydown", event => {
      const step = { ArrowLeft: [40, 0], ArrowRight: [-40, 0], ArrowUp: [0, 40], ArrowDown: [0, -40] }[event.key];
      if (step) { event.preventDefault(); this.move(...step); }
      if (event.key === "+") this.zoom(1.25);
      if (event.key === "-") this.zoom(0.8);
    });
  }

  show() {
    drawCrumbs(readHash().query.get("of"));
    drawRequest({ path: "schema.json" });
    document.title = "relata";
    this.update();
  }

  changed() {}
  reload() { recount(schema.models); }
  close() { this.observer.disconnect(); }
}
