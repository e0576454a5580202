// The language of conditions: `freight > 500 and ship_country = "France"` becomes a `where`.
//
//     condition  = term { "or" term }            term = factor { "and" factor }
//     factor     = "not" factor | "(" condition ")" | test | words to be looked for in every text
//     test       = path ( "=" | "!=" | ">" | ">=" | "<" | "<=" | "~" | "like" | "ilike" | "contains" ) value
//                | path [ "not" ] ( "in" "(" value { "," value } ")" | "between" value "and" value | "like" value )
//                | path "is" [ "not" ] "null"
//                | ( "some" | "no" | "every" ) relation [ "(" condition ")" ]
//     path       = a property, or one behind relations: `customer.country`
//
// What begins with `{` is a `where` as the server takes it.

class Misread extends Error {
  /** `isOpen`: what is there may be the beginning of a condition. */
  constructor(message, isOpen = false) {
    super(message);
    this.isOpen = isOpen;
  }
}

const TOKEN = /\s*(?:("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')|(-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?(?![\w.-]))|([\p{L}_][\p{L}\p{N}_.$-]*)|(<>|!=|>=|<=|[=<>~(),])|(\S+))/yu;

function tokens(text) {
  const found = [];
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < text.length && text.slice(TOKEN.lastIndex).trim()) {
    const [whole, quoted, number, word, sign, other] = TOKEN.exec(text);
    const kind = quoted ? "text" : number ? "number" : word ? "word" : sign ? "sign" : "other";
    const token = quoted ?? number ?? word ?? sign ?? other;
    found.push({ kind, token, start: TOKEN.lastIndex - token.length, end: TOKEN.lastIndex, whole });
  }
  return found;
}

const unquoted = text => text.slice(1, -1).replace(/\\(.)/g, "$1");
const pattern = text => "%" + text.replace(/[\\%_]/g, "\\$&") + "%";

/** The names most like one that is not there. */
function nearest(name, names) {
  const low = name.toLowerCase();
  const score = other => {
    const known = other.toLowerCase();
    if (known.startsWith(low) || low.startsWith(known)) return 0;
    if (known.includes(low)) return 1;
    const pairs = text => new Set([...text].slice(1).map((letter, place) => text[place] + letter));
    const [mine, theirs] = [pairs(low), pairs(known)];
    return 2 + 1 - [...mine].filter(pair => theirs.has(pair)).length / Math.max(mine.size, theirs.size, 1);
  };
  return names.map(other => [score(other), other]).filter(([score]) => score < 2.7)
    .sort(([a], [b]) => a - b).slice(0, 3).map(([, other]) => other);
}

/** The `where` of a text; `null` where it says nothing. Throws `Misread`. */
function condition(text, model) {
  if (!text.trim()) return null;
  if (text.trim().startsWith("{")) {
    try {
      return JSON.parse(text);
    } catch (error) {
      throw new Misread(`This is no JSON: ${error.message}`);
    }
  }
  return new Reader(tokens(text), model).whole();
}

class Reader {
  constructor(found, model) {
    this.found = found;
    this.model = model;
    this.place = 0;
  }

  whole() {
    const where = this.either();
    if (this.peek()) throw new Misread(`Expected “and” or “or” before “${this.peek().token}”.`);
    return where;
  }

  peek(ahead = 0) { return this.found[this.place + ahead]; }
  is(...words) {
    const next = this.peek();
    return next && next.kind !== "text" && words.includes(next.token.toLowerCase());
  }
  take(...words) { return this.is(...words) ? this.found[this.place++].token.toLowerCase() : null; }
  expect(word, where) {
    if (!this.take(word)) throw new Misread(`Expected “${word}” ${where}.`, !this.peek());
  }

  either() {
    const terms = [this.all()];
    while (this.take("or")) terms.push(this.all());
    return terms.length === 1 ? terms[0] : { or: terms };
  }

  all() {
    const factors = [this.factor()];
    while (this.take("and")) factors.push(this.factor());
    const names = factors.flatMap(Object.keys);
    return new Set(names).size === names.length ? Object.assign({}, ...factors) : { and: factors };
  }

  factor() {
    if (this.take("not")) return { not: this.factor() };
    if (this.take("(")) {
      const inner = this.either();
      this.expect(")", "to close the bracket");
      return inner;
    }
    const next = this.peek();
    if (!next) throw new Misread("Something is missing at the end.", true);
    const after = this.peek(1);
    if (this.is("some", "no", "none", "every") && after?.kind === "word") return this.quantified();
    const operators = ["=", "!=", "<>", ">", ">=", "<", "<=", "~", "like", "ilike", "contains", "in", "between", "is", "not"];
    const isTest = next.kind === "word" && after && after.kind !== "text" && operators.includes(after.token.toLowerCase());
    return isTest ? this.test() : this.words();
  }

  quantified() {
    const word = this.take("some", "no", "none", "every");
    const name = this.found[this.place++].token;
    const relation = relationOf(this.model, name);
    if (!relation) this.unknown(name, this.model);
    let inner = {};
    if (this.take("(")) {
      inner = this.within(modelOf(relation.model), () => this.either());
      this.expect(")", "to close the bracket");
    }
    return { [name]: { [word === "no" ? "none" : word]: inner } };
  }

  within(model, read) {
    const outer = this.model;
    this.model = model;
    const where = read();
    this.model = outer;
    return where;
  }

  unknown(name, model) {
    const names = [...model.properties, ...model.relations].map(known => known.name);
    const near = nearest(name, names);
    const hint = near.length ? ` Is it ${near.join(" or ")}?` : ` It has ${names.slice(0, 8).join(", ")}${names.length > 8 ? ", …" : ""}.`;
    throw new Misread(`${model.name} has no “${name}”.${hint}`);
  }

  /** From a path to the property at its end, and what wraps a test of it. */
  path(text, model) {
    if (propertyOf(model, text)) return [propertyOf(model, text), test => ({ [text]: test })];
    const [first, ...rest] = text.split(".");
    const relation = relationOf(model, first);
    if (relation && rest.length) {
      const [property, wrap] = this.path(rest.join("."), modelOf(relation.model));
      return [property, test => ({ [first]: { some: wrap(test) } })];
    }
    const property = propertyOf(model, first);
    // What is inside of a struct is not in the schema: the server knows it.
    if (property && rest.length) return [{ name: text, type: "any" }, test => ({ [text]: test })];
    if (relation) throw new Misread(`“${first}” leads to ${relation.model}: ask for “${first}.${modelOf(relation.model).shown[0]?.name ?? "id"}”.`);
    return this.unknown(first, model);
  }

  test() {
    const [property, wrap] = this.path(this.found[this.place++].token, this.model);
    const isNot = this.take("not") !== null;
    if (isNot && !this.is("in", "like", "ilike", "between", "contains")) throw new Misread("Expected “in”, “like” or “between” after “not”.", !this.peek());
    const word = this.found[this.place++]?.token.toLowerCase();
    const value = () => this.value(property);
    switch (word) {
      case "=": return wrap(value());
      case "!=": case "<>": return wrap({ neq: value() });
      case ">": return wrap({ gt: value() });
      case ">=": return wrap({ gte: value() });
      case "<": return wrap({ lt: value() });
      case "<=": return wrap({ lte: value() });
      case "~": return wrap({ regexp: String(value()) });
      case "like": case "ilike": return wrap({ [(isNot ? "n" : "") + word]: String(value()) });
      case "contains": return wrap({ [isNot ? "nilike" : "ilike"]: pattern(String(value())) });
      case "between": {
        const low = value();
        this.expect("and", "between the two ends");
        const range = wrap({ between: [low, value()] });
        return isNot ? { not: range } : range;
      }
      case "in": {
        this.expect("(", "before the list");
        const list = [value()];
        while (this.take(",")) list.push(value());
        this.expect(")", "after the list");
        return wrap({ [isNot ? "nin" : "inq"]: list });
      }
      default: {
        const isAbsent = !this.take("not");
        this.expect("null", "after “is”");
        return wrap(isAbsent ? null : { neq: null });
      }
    }
  }

  value(property) {
    const next = this.found[this.place++];
    if (!next || next.kind === "sign") throw new Misread(`A value is missing for ${property.name}.`, !next);
    if (next.kind === "text") return unquoted(next.token);
    const isText = property.type === "string" || property.type === "id";
    if (next.kind === "number" && !isText) return Number(next.token);
    const literal = { true: true, false: false, null: null }[next.token];
    if (literal === null || (literal !== undefined && !isText)) return literal;
    // Words and numbers without quotes are a text; so are dates.
    return next.token;
  }

  /** Words alone are looked for in every text. */
  words() {
    const next = this.found[this.place++];
    if (next.kind === "sign") throw new Misread(`“${next.token}” has nothing before it.`);
    const word = next.kind === "text" ? unquoted(next.token) : next.token;
    const texts = this.model.properties.filter(property => property.type === "string" && !property.enum);
    const tests = texts.map(property => ({ [property.name]: { ilike: pattern(word) } }));
    if (!tests.length) throw new Misread(`${this.model.name} has no texts to look in: name a property, as in “${this.model.shown[0]?.name ?? "id"} = ..”.`);
    return { or: tests };
  }
}

/** What may stand where the caret is: `{ start, options }`. `values` gives the known values of a property. */
function completions(text, caret, model, values) {
  if (text.trim().startsWith("{")) return { start: caret, options: [] };
  const before = tokens(text.slice(0, caret));
  const isOpen = before.length > 0 && before.at(-1).kind !== "sign" && !/\s$/.test(text.slice(0, caret));
  const open = isOpen ? before.pop() : null;
  const start = open?.start ?? caret;
  const typed = (open?.token ?? "").replace(/^["']/, "").toLowerCase();
  const last = before.at(-1)?.token.toLowerCase();
  const property = before.length > 1 ? propertyOf(model, before.at(-2).token) : null;
  const starts = name => name.toLowerCase().startsWith(typed);
  let options;
  if (property && ["=", "!=", "<>", ">", "<", ">=", "<=", "like", "contains"].includes(last)) {
    const known = property.enum ?? values(property.name);
    options = known.map(value => isNumeric(property) || property.type === "boolean" ? String(value) : JSON.stringify(String(value)))
      .filter(option => starts(option.replace(/^"/, "")));
  } else if (before.length && propertyOf(model, before.at(-1).token)) {
    const isText = propertyOf(model, before.at(-1).token).type === "string";
    options = ["=", "!=", ...(isText ? ["contains", "like"] : [">", "<", "between"]), "in (", "is null", "is not null"].filter(starts);
  } else if (!before.length || ["and", "or", "not", "(", "some", "no", "every"].includes(last)) {
    const [first, rest] = (open?.token ?? "").split(".");
    const relation = rest !== undefined ? relationOf(model, first) : null;
    options = relation
      ? modelOf(relation.model).properties.map(({ name }) => `${first}.${name}`).filter(starts)
      : [...model.shown.map(({ name }) => name), ...model.relations.map(({ name, many }) => many ? `some ${name}` : `${name}.`)]
        .filter(name => name.toLowerCase().includes(typed) && name.toLowerCase() !== typed);
  } else {
    options = ["and", "or"].filter(starts);
  }
  return { start, options: options.slice(0, 8) };
}
