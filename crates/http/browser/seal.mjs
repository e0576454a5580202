// Writes the hashes of the page's style and script into its content security policy: the browser runs nothing else.
//
//     node seal.mjs           after a change of crates/http/src/explorer
//     node seal.mjs --check   fails where the hashes are not those of the files
import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";

const source = new URL("../src/", import.meta.url);
const read = name => readFileSync(new URL(name, source), "utf8");

/** The page, put together as answer.rs does it. */
export function page() {
  const names = [...read("answer.rs").matchAll(/include_str!\("(explorer\/[^"]+)"\)/g)].map(([, name]) => name);
  return names.map(read).join("");
}

export function hashes(text) {
  const of = (tag, name) => {
    const [, content] = text.match(new RegExp(`<${tag}[^>]*>([\\s\\S]*?)</${tag}>`)) ?? [];
    if (content === undefined) throw new Error(`the page has no <${tag}>`);
    return [name, "sha256-" + createHash("sha256").update(content).digest("base64")];
  };
  return [of("style", "style-src"), of("script", "script-src")];
}

if (process.argv[1] === new URL(import.meta.url).pathname) {
  const head = read("explorer/head.html");
  const sealed = hashes(page()).reduce((text, [name, hash]) => text.replace(new RegExp(`${name} '[^']*'`), `${name} '${hash}'`), head);
  if (process.argv.includes("--check")) {
    if (sealed !== head) {
      console.error("the page has changed: run `node crates/http/browser/seal.mjs`");
      process.exit(1);
    }
  } else {
    writeFileSync(new URL("explorer/head.html", source), sealed);
  }
}
