// The walk of a new user through the explorer, in a real browser against a real server.
//
//     node walk.mjs --out DIR [--server BINARY]
//
// Fails on the first thing that is not as it should be, on any error in the console and on anything that the page's
// policy forbids. Leaves screenshots in DIR.
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync } from "node:fs";
import { createServer, request } from "node:http";
import { createInterface } from "node:readline";
import { parseArgs } from "node:util";
import { chromium } from "playwright-core";

const { values: options } = parseArgs({ options: { out: { type: "string" }, server: { type: "string" } } });
if (!options.out) throw new Error("--out DIR is wanted: the folder for the screenshots");
const binary = options.server ?? new URL("../../../target/debug/examples/northwind", import.meta.url).pathname;
mkdirSync(options.out, { recursive: true });

let server;
/** Starts the server; gives its address. */
function serve(port) {
  server = spawn(binary, ["--port", String(port)], { stdio: ["ignore", "pipe", "inherit"] });
  return new Promise((resolve, reject) => {
    server.on("exit", code => reject(new Error(`${binary} ended with ${code}`)));
    server.on("error", reject);
    createInterface({ input: server.stdout }).on("line", line => {
      const [address] = line.match(/http:\S+/) ?? [];
      if (address) resolve(address);
    });
  });
}
const base = await serve(0);

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
});

/** What the browser complains of. That a request was refused is in its console too: what is expected is taken off. */
const complaints = [];
let refusals = 0;
function listen(page) {
  page.on("console", message => {
    if (message.type() !== "error" && message.type() !== "warning") return;
    if (/the server responded with a status of (404|409|412|422)/.test(message.text()) && refusals > 0) refusals--;
    else complaints.push(message.text());
  });
  page.on("pageerror", error => complaints.push(error.stack));
}

const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, colorScheme: "light" });
await context.grantPermissions(["clipboard-read", "clipboard-write"]);
const page = await context.newPage();
page.setDefaultTimeout(10_000);
listen(page);

let steps = 0;
async function step(what, run) {
  await run();
  assert.deepEqual(complaints, [], what);
  steps += 1;
  console.log(`ok ${steps} ${what}`);
}

/** Somebody else, who knows nothing of the page. */
async function elsewhere(method, path, body) {
  const response = await fetch(base + path, { method, headers: { "content-type": "application/json" }, body: body && JSON.stringify(body) });
  assert.ok(response.ok, `${method} ${path}: ${response.status}`);
  const text = await response.text();
  return text ? JSON.parse(text) : null;
}
const count = async (path, where) => (await elsewhere("GET", `${path}/count?where=${encodeURIComponent(JSON.stringify(where))}`)).count;
const field = name => page.locator(`tr[data-field="${name}"]`);
const open = hash => page.goto(base + hash);

/** The view at three widths; at none is the page itself wider than the window. */
async function shoot(name) {
  for (const width of [400, 900, 1440]) {
    await page.setViewportSize({ width, height: 900 });
    await page.waitForTimeout(350);
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    assert.ok(wide <= 0, `${name} at ${width}: the page is ${wide} pixels too wide`);
    await page.screenshot({ path: `${options.out}/${name}-${width}.png` });
  }
}

try {
  await step("the models are a picture, with their counts", async () => {
    await open("");
    await page.locator(".diagram .box").first().waitFor();
    const { models } = await elsewhere("GET", "schema.json");
    assert.equal(await page.locator(".diagram .box").count(), models.length);
    assert.equal(await page.locator('.diagram text[data-count="orders"]').textContent(), "830");
    await page.locator("#live[data-state=live]").waitFor();
    await shoot("models");
  });

  await step("a relation can be clicked, and says what it is", async () => {
    await page.locator(".diagram .key", { hasText: "customer ?" }).click();
    await page.locator(".card", { hasText: "orders.customer" }).waitFor();
    assert.match(await page.locator(".card").innerText(), /customer_id[\s\S]*restrict/);
    assert.match(page.url(), /relation=orders\.customer/);
    await page.locator(".card .close").click();
  });

  await step("of many models those next to one are a picture of their own", async () => {
    await open("#/?of=shippers");
    await page.locator(".caption", { hasText: "shippers and what is next to it" }).waitFor();
    assert.deepEqual((await page.locator(".diagram .box .name").allTextContents()).map(text => text.trim()).sort(), ["orders", "shippers"]);
    await page.locator(".caption a").click();
  });

  await step("a model leads to its rows", async () => {
    await page.locator('.diagram a[href="#/orders"]').click({ position: { x: 30, y: 14 } });
    await page.locator(".found", { hasText: "830 rows" }).waitFor();
    await page.locator("tbody tr", { hasText: "Vins et alcools Chevalier" }).first().waitFor();
  });

  await step("a condition finds rows", async () => {
    await page.keyboard.press("/");
    await page.keyboard.type('freight > 500 and ship_country = "Germany"');
    await page.keyboard.press("Enter");
    const wanted = await count("orders", { freight: { gt: 500 }, ship_country: "Germany" });
    assert.ok(wanted > 1);
    await page.locator(".found", { hasText: `${wanted} rows of 830` }).waitFor();
    await page.waitForFunction(wanted => document.querySelectorAll("tbody tr").length === wanted, wanted);
    assert.match(await page.locator("#request").innerText(), /"freight":\{"gt":500\}[\s\S]*orders: /);
  });

  await step("a head orders them", async () => {
    const head = page.locator("thead th", { hasText: "freight" });
    await head.locator("button").click();
    await page.locator("thead th[aria-sort=ascending]").waitFor();
    await page.locator("thead th[aria-sort=ascending] button").click();
    await page.locator("thead th[aria-sort=descending]").waitFor();
    await page.waitForFunction(() => {
      const place = [...document.querySelectorAll("thead th")].findIndex(head => head.ariaSort === "descending");
      const values = [...document.querySelectorAll("tbody tr")].map(row => Number(row.children[place].textContent));
      return values.length > 1 && values.every((value, at) => at === 0 || value <= values[at - 1]);
    });
    await shoot("rows");
  });

  await step("the curl line gives the same rows", async () => {
    await page.locator("#request button", { hasText: "curl" }).click();
    await page.locator("#said", { hasText: "curl copied" }).waitFor();
    const line = await page.evaluate(() => navigator.clipboard.readText());
    const rows = JSON.parse(execFileSync("bash", ["-c", line], { encoding: "utf8" }));
    const seen = await page.locator("tbody tr th").allInnerTexts();
    assert.deepEqual(rows.map(row => String(row.order_id)), seen);
  });

  await step("a link to this view shows the same", async () => {
    const seen = await page.locator("tbody tr").allInnerTexts();
    const other = await context.newPage();
    listen(other);
    await other.goto(page.url());
    await other.waitForFunction(wanted => document.querySelectorAll("tbody tr").length === wanted, seen.length);
    assert.deepEqual(await other.locator("tbody tr").allInnerTexts(), seen);
    await other.close();
  });

  let order;
  await step("arrows move, Enter opens", async () => {
    await page.locator("tbody tr").first().locator("td").nth(3).focus();
    await page.keyboard.press("ArrowDown");
    order = await page.locator("tbody tr").nth(1).locator("th").innerText();
    assert.equal(await page.evaluate(() => document.activeElement.parentElement.dataset.place), "1");
    await page.keyboard.press("Enter");
    await page.locator("h1", { hasText: order }).waitFor();
  });

  await step("two relations are followed", async () => {
    await page.locator('.panel[aria-label="customer"] .one').click();
    await page.locator("h1 small", { hasText: "customers" }).waitFor();
    const panel = page.locator('.panel[aria-label="orders"]');
    await panel.locator("tbody tr").first().waitFor();
    const customer = await page.locator("h1").evaluate(heading => heading.lastChild.textContent);
    const id = (await page.locator("h1 small").innerText()).split(" ")[1];
    assert.equal(await panel.locator(".badge").innerText(), String(await count("orders", { customer_id: id })));
    await shoot("row");
    order = await panel.locator("tbody tr th").first().innerText();
    await panel.locator("tbody tr th a").first().click();
    await page.locator("h1", { hasText: order }).waitFor();
    await page.waitForFunction(() => document.querySelectorAll("#crumbs li").length === 5);
    const crumbs = await page.locator("#crumbs li").allInnerTexts();
    assert.match(crumbs[1], /orders.*freight > 500/s);
    assert.equal(crumbs[3].split("\n")[0].replace("customers", ""), customer);
  });

  await step("a field is changed in place", async () => {
    await field("freight").locator("button.text").click();
    await field("freight").locator("input").fill("77.25");
    await page.keyboard.press("Enter");
    await page.locator("#said", { hasText: "freight saved" }).waitFor();
    assert.equal((await elsewhere("GET", `orders/${order}`)).freight, 77.25);
    assert.equal(await field("freight").locator(".text").evaluate(text => text.firstChild.textContent), "77.25");
  });

  await step("a field is cleared to null", async () => {
    await field("ship_city").locator("button.text").click();
    await field("ship_city").locator("button", { hasText: "null" }).click();
    await field("ship_city").locator("button", { hasText: "Save" }).click();
    await page.locator("#said", { hasText: "ship_city saved" }).waitFor();
    assert.equal((await elsewhere("GET", `orders/${order}`)).ship_city, null);
  });

  await step("a foreign key to nothing is refused, beside the field", async () => {
    const before = await elsewhere("GET", `orders/${order}`);
    await field("customer_id").locator("button.text").click();
    await field("customer_id").locator("input").fill("NOPE");
    refusals = 1;
    await page.keyboard.press("Enter");
    await field("customer_id").locator(".error", { hasText: "no row has this key" }).waitFor();
    assert.deepEqual(await elsewhere("GET", `orders/${order}`), before);
    await shoot("refused");
    await page.keyboard.press("Escape");
    await field("customer_id").locator("button.text", { hasText: before.customer_id }).waitFor();
  });

  await step("who is too late is told, and decides", async () => {
    await field("ship_name").locator("button.text").click();
    await field("ship_name").locator("input").fill("Mine");
    await elsewhere("PATCH", `orders/${order}`, { ship_name: "Theirs" });
    await field("ship_name").locator(".error", { hasText: "Theirs" }).waitFor();
    refusals = 1;
    await page.keyboard.press("Enter");
    await field("ship_name").locator(".error", { hasText: "Somebody else has changed this field" }).waitFor();
    assert.equal((await elsewhere("GET", `orders/${order}`)).ship_name, "Theirs");
    await field("ship_name").locator("button", { hasText: "Save mine" }).click();
    await page.locator("#said", { hasText: "ship_name saved" }).waitFor();
    assert.equal((await elsewhere("GET", `orders/${order}`)).ship_name, "Mine");
  });

  await step("back leads back, to the condition too", async () => {
    await page.goBack();
    await page.goBack();
    await page.goBack();
    await page.locator("thead th[aria-sort=descending]").waitFor();
    assert.equal(await page.locator("#condition").inputValue(), 'freight > 500 and ship_country = "Germany"');
  });

  await step("a delete that is forbidden is seen before", async () => {
    await open("#/customers/ALFKI");
    await page.locator("#delete").click();
    const warning = page.locator(".warning");
    await warning.locator("li", { hasText: "deleting it is restricted" }).waitFor();
    assert.ok(await warning.locator("button", { hasText: "Cannot be deleted" }).isDisabled());
    await shoot("delete");
    await warning.locator("button", { hasText: "Keep it" }).click();
    await warning.waitFor({ state: "detached" });
    await elsewhere("GET", "customers/ALFKI");
  });

  await step("a row is refused, then made, then deleted", async () => {
    await open("#/shippers?new={}");
    await page.getByLabel("shipper_id", { exact: true }).fill("1");
    await page.getByLabel("company_name", { exact: true }).fill("<img src=x onerror=alert(1)>");
    refusals = 1;
    await page.keyboard.press("Enter");
    await page.locator(".field", { hasText: "shipper_id" }).locator(".error", { hasText: "1" }).waitFor();
    await page.getByLabel("shipper_id", { exact: true }).fill("4242");
    await page.keyboard.press("Enter");
    // Markup in a row is text.
    await page.locator("h1", { hasText: "<img src=x onerror=alert(1)>" }).waitFor();
    assert.equal(await page.locator("img").count(), 0);
    await page.locator("#delete").click();
    await page.locator(".warning", { hasText: "Nothing else is removed" }).waitFor();
    await page.locator(".warning button", { hasText: "Delete 1 row" }).click();
    await page.locator(".found", { hasText: "6 rows" }).waitFor();
    assert.equal(await count("shippers", { shipper_id: 4242 }), 0);
  });

  await step("what changes elsewhere lights up", async () => {
    await elsewhere("PATCH", "shippers/2", { phone: "12345" });
    await page.locator("tr.lit td.changed", { hasText: "12345" }).waitFor();
    await shoot("live");
    await elsewhere("POST", "shippers", { shipper_id: 77, company_name: "New Here" });
    await page.locator("tr.lit", { hasText: "New Here" }).waitFor();
    await page.locator(".found", { hasText: "7 rows" }).waitFor();
    await page.locator('#models [data-count="shippers"]', { hasText: "7" }).waitFor();
    await elsewhere("DELETE", "shippers/77");
    await page.locator(".found", { hasText: "6 rows" }).waitFor();
  });

  await step("a server that was away is caught up with", async () => {
    await page.locator("td", { hasText: "12345" }).waitFor();
    const [gone] = [once(server, "exit"), server.kill()];
    await gone;
    await page.locator("#live[data-state=waiting]", { hasText: "reconnecting" }).waitFor();
    // The new server has read its data anew: what the page shows is from before.
    await serve(new URL(base).port);
    await page.locator("td", { hasText: "12345" }).waitFor({ state: "detached" });
    await page.locator("#live[data-state=live]").waitFor();
    assert.ok(complaints.every(complaint => complaint.includes("net::ERR_")), complaints.join());
    complaints.length = 0;
  });

  await step("a misspelt condition says what it may mean", async () => {
    await open("#/orders");
    await page.locator("tbody tr").first().waitFor();
    await page.locator("#condition").fill("freigt > 3");
    await page.locator("#hint.bad", { hasText: "Is it freight" }).waitFor();
    await page.locator("#condition").fill('customer.country = France and some lines (quantity > 30)');
    const wanted = await count("orders", { customer: { country: "France" }, lines: { some: { quantity: { gt: 30 } } } });
    await page.locator(".found", { hasText: `${wanted} rows of 830` }).waitFor();
  });

  await step("a million rows are a scroll away", async () => {
    // Rows as the server would give them, without the time that it takes to make them.
    const total = 1_000_000;
    await page.route(/\/us-states\b/, route => {
      const url = new URL(route.request().url());
      if (url.pathname.endsWith("/count")) return route.fulfill({ json: { count: total } });
      const { skip = 0, limit } = JSON.parse(url.searchParams.get("filter"));
      if (url.searchParams.has("explain")) return route.fulfill({ json: { text: "" } });
      const rows = Array.from({ length: Math.min(limit, total - skip) }, (_, place) => ({ id: `${skip + place + 1}v1`, state_id: skip + place, state_name: `row ${skip + place}`, state_abbr: null, state_region: null }));
      return route.fulfill({ json: rows });
    });
    await open("#/us-states");
    await page.locator(".found", { hasText: "1,000,000 rows" }).waitFor();
    await page.locator("tbody td").first().focus();
    await page.keyboard.press("End");
    await page.locator("tbody tr", { hasText: "row 999999" }).waitFor();
    assert.ok(await page.locator("tbody tr").count() < 60);
    await page.mouse.move(800, 500);
    await page.mouse.wheel(0, -320);
    await page.locator("tbody tr", { hasText: "row 999966" }).waitFor();
    const inSight = () => page.evaluate(() => [...document.querySelectorAll("tbody tr")].filter(row => row.getBoundingClientRect().top >= document.querySelector("thead").getBoundingClientRect().bottom - 1).map(row => Number(row.dataset.place))[0]);
    const before = await inSight();
    await page.mouse.wheel(0, -320);
    await page.waitForTimeout(400);
    assert.equal(before - await inSight(), 10, "a turn of the wheel is ten rows, also where the scroll bar is a map");
    await page.locator(".scroller").evaluate(scroller => { scroller.scrollTop = scroller.scrollHeight / 2; });
    await page.waitForFunction(() => /row 4\d{5}|row 5\d{5}/.test(document.querySelector("tbody").textContent));
    await page.waitForURL(/at=[45]\d{5}/);
    await page.reload();
    await page.waitForFunction(() => /row 4\d{5}|row 5\d{5}/.test(document.querySelector("tbody")?.textContent ?? ""));
    await page.unroute(/\/us-states\b/);
  });

  await step("nothing moves while a view appears", async () => {
    for (const hash of ["#/orders", "#/orders/10250", "#/customers/QUICK"]) {
      const other = await context.newPage();
      listen(other);
      await other.addInitScript(() => {
        window.moved = 0;
        new PerformanceObserver(list => list.getEntries().forEach(({ value }) => { window.moved += value; })).observe({ type: "layout-shift", buffered: true });
      });
      await other.goto(base + hash);
      await other.locator(hash.split("/").length > 2 ? ".few" : "tbody tr").first().waitFor();
      await other.waitForTimeout(500);
      const moved = await other.evaluate(() => window.moved);
      assert.ok(moved < 0.02, `${hash}: a shift of ${moved}`);
      await other.close();
    }
  });

  await step("nested under a prefix it finds its routes", async () => {
    const proxy = createServer((from, to) => {
      const url = from.url.replace(/^\/shop/, "") || "/";
      const ahead = request(base + url.slice(1), { method: from.method, headers: { ...from.headers, host: new URL(base).host } }, answer => {
        to.writeHead(url === from.url ? 404 : answer.statusCode, answer.headers);
        answer.pipe(to);
      });
      to.on("close", () => ahead.destroy());
      ahead.on("error", () => to.destroy());
      from.pipe(ahead);
    });
    await new Promise(resolve => proxy.listen(0, "127.0.0.1", resolve));
    const nested = `http://127.0.0.1:${proxy.address().port}/shop`;
    for (const path of ["", "/", "/explorer", "/explorer/"]) {
      const other = await context.newPage();
      listen(other);
      await other.goto(`${nested}${path}#/shippers`);
      await other.locator("tbody tr", { hasText: "Speedy Express" }).waitFor();
      await other.locator("#live[data-state=live]").waitFor();
      await other.close();
    }
    proxy.closeAllConnections();
    proxy.close();
  });

  await step("Esc leads back, ? shows the keys", async () => {
    await open("#/orders");
    await page.locator("tbody tr").first().click();
    await page.locator("h1", { hasText: "10248" }).waitFor();
    await page.keyboard.press("Escape");
    await page.locator(".found").waitFor();
    // Who comes from elsewhere is not sent back there, but up.
    const other = await context.newPage();
    listen(other);
    await other.goto("data:text/html,elsewhere");
    await other.goto(`${base}#/orders/10248`);
    await other.locator("h1", { hasText: "10248" }).waitFor();
    await other.keyboard.press("Escape");
    await other.locator(".found", { hasText: "830 rows" }).waitFor();
    await other.close();
    await page.keyboard.press("?");
    await page.locator("dialog[open] kbd").first().waitFor();
    await page.keyboard.press("Escape");
    await page.locator("dialog[open]").waitFor({ state: "detached" });
  });

  await step("dark is dark, and the switch holds", async () => {
    const light = () => page.evaluate(() => {
      const [red, green, blue] = getComputedStyle(document.body).backgroundColor.match(/[\d.]+/g).map(Number);
      return red + green + blue > 380;
    });
    assert.equal(await light(), true);
    await page.emulateMedia({ colorScheme: "dark" });
    assert.equal(await light(), false);
    await open("");
    await page.locator(".diagram .box").first().waitFor();
    await shoot("models-dark");
    await open("#/orders/10248");
    await page.locator(".few").waitFor();
    await shoot("row-dark");
    await page.emulateMedia({ colorScheme: "light" });
    await page.locator("#theme").click();
    assert.equal(await light(), false);
    await page.reload();
    assert.equal(await light(), false);
  });

  await step("the policy holds: what is not the page's own does not run", async () => {
    const blocked = await page.evaluate(() => new Promise(resolve => {
      document.addEventListener("securitypolicyviolation", event => resolve(event.violatedDirective), { once: true });
      const script = document.createElement("script");
      script.textContent = "window.hasRun = true";
      document.body.append(script);
    }));
    assert.match(blocked, /script-src/);
    assert.equal(await page.evaluate(() => window.hasRun), undefined);
    // This one complaint was asked for.
    assert.equal(complaints.length, 1);
    complaints.length = 0;
  });

  console.log(`${steps} passed, 0 failed`);
} catch (error) {
  await page.screenshot({ path: `${options.out}/failed.png` }).catch(() => {});
  console.error(error);
  if (complaints.length) console.error("the browser said:", complaints);
  console.log(`${steps} passed, 1 failed`);
  process.exitCode = 1;
} finally {
  await browser.close();
  server.kill();
}
