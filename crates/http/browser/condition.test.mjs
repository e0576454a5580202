// What the language of conditions makes of texts: `node --test condition.test.mjs`.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";

const read = name => readFileSync(new URL(`../src/explorer/${name}`, import.meta.url), "utf8");
const { condition, completions, schema } = new Function(`${read("base.js")}${read("condition.js")}; return { condition, completions, schema };`)();

const text = name => ({ name, type: "string" }), number = name => ({ name, type: "number" });
const orders = {
  name: "orders",
  properties: [{ name: "id", type: "id" }, number("freight"), text("country"), text("code"), { name: "paid", type: "boolean" }, { name: "address", type: "object" }],
  relations: [{ name: "customer", model: "customers", many: false }, { name: "lines", model: "lines", many: true }],
};
const customers = { name: "customers", properties: [text("name"), number("debt")], relations: [{ name: "orders", model: "orders", many: true }] };
const lines = { name: "lines", properties: [number("quantity")], relations: [{ name: "order", model: "orders", many: false }] };
schema.models = [orders, customers, lines];
for (const model of schema.models) model.shown = model.properties;

const wheres = {
  "": null,
  "freight > 500 and country = \"France\"": { freight: { gt: 500 }, country: "France" },
  "freight>=1.5 AND freight<=2e3": { and: [{ freight: { gte: 1.5 } }, { freight: { lte: 2000 } }] },
  "freight between -1 and 2 and country = A": { freight: { between: [-1, 2] }, country: "A" },
  "country = A or country = B and freight < 1": { or: [{ country: "A" }, { country: "B", freight: { lt: 1 } }] },
  "(country = A or country = B) and not freight < 1": { or: [{ country: "A" }, { country: "B" }], not: { freight: { lt: 1 } } },
  "country in (A, 'B C', \"D\")": { country: { inq: ["A", "B C", "D"] } },
  "country not in (A)": { country: { nin: ["A"] } },
  "country <> null": { country: { neq: null } },
  "country is null": { country: null },
  "country is not null": { country: { neq: null } },
  "country not like 'A%'": { country: { nlike: "A%" } },
  "country contains '5%_\\\\'": { country: { ilike: "%5\\%\\_\\\\%" } },
  "country ~ '^A'": { country: { regexp: "^A" } },
  "country = \"say \\\"a\\\"\"": { country: 'say "a"' },
  // Digits are a text where the field is one.
  "code = 0123": { code: "0123" },
  "paid = true": { paid: true },
  "customer.name = Thor": { customer: { some: { name: "Thor" } } },
  "lines.order.customer.debt > 1": { lines: { some: { order: { some: { customer: { some: { debt: { gt: 1 } } } } } } } },
  "some lines": { lines: { some: {} } },
  "no lines (quantity > 3)": { lines: { none: { quantity: { gt: 3 } } } },
  "every lines (quantity = 1 or quantity = 2) and paid = false": { lines: { every: { or: [{ quantity: 1 }, { quantity: 2 }] } }, paid: false },
  "address.city = Bern": { "address.city": "Bern" },
  "thor": { or: [{ country: { ilike: "%thor%" } }, { code: { ilike: "%thor%" } }] },
  "\"a b\"": { or: [{ country: { ilike: "%a b%" } }, { code: { ilike: "%a b%" } }] },
  "{\"freight\":{\"gt\":1}}": { freight: { gt: 1 } },
};
for (const [written, where] of Object.entries(wheres)) {
  test(`where of: ${written}`, () => assert.deepEqual(condition(written, orders), where));
}

const mistakes = {
  "freigt > 3": /orders has no “freigt”\. Is it freight\?/,
  "customer = 3": /“customer” leads to customers: ask for “customer\.name”/,
  "customer.nme = 3": /customers has no “nme”\. Is it name/,
  "some line": /orders has no “line”\. Is it lines/,
  "freight >": /A value is missing for freight/,
  "freight > 3 country = A": /Expected “and” or “or” before “country”/,
  "(freight > 3": /Expected “\)” to close the bracket/,
  "freight between 1": /Expected “and”/,
  "freight not 3": /Expected “in”, “like” or “between”/,
  "> 3": /“>” has nothing before it/,
  "{freight: 3}": /This is no JSON/,
};
for (const [written, message] of Object.entries(mistakes)) {
  test(`mistake in: ${written}`, () => assert.throws(() => condition(written, orders), { message }));
}

test("what may follow", () => {
  const after = written => completions(written, written.length, orders, () => ["France", "Finland"]).options;
  assert.deepEqual(after("fre"), ["freight"]);
  assert.deepEqual(after("country = "), ['"France"', '"Finland"']);
  assert.deepEqual(after("country = Fr"), ['"France"']);
  assert.deepEqual(after("freight > 3 "), ["and", "or"]);
  assert.deepEqual(after("freight "), ["=", "!=", ">", "<", "between", "in (", "is null", "is not null"]);
  assert.deepEqual(after("customer.d"), ["customer.debt"]);
  assert.deepEqual(after("li"), ["some lines"]);
});
