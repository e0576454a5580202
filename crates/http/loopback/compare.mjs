// Asks LoopBack 4 and relata the same, and writes the answers beside each other: node compare.mjs SHOP TABLE, where SHOP is
// the program of ../examples/shop.rs. Fails where answers differ without a reason, or a reason is given for no difference.

import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {readFileSync, writeFileSync} from 'node:fs';
import {createInterface} from 'node:readline';
import {isDeepStrictEqual} from 'node:util';
import {reasons} from './reasons.mjs';
import {reads, writes} from './requests.mjs';
import {start} from './server.mjs';

const [shop, table] = process.argv.slice(2);

/** relata's shop on a free port of this machine. */
async function startRelata() {
  const program = spawn(shop, {stdio: ['ignore', 'pipe', 'inherit']});
  const [url] = await once(createInterface(program.stdout), 'line');
  const stop = () => {
    const ended = once(program, 'exit');
    program.kill();
    return ended;
  };
  return {url, stop};
}

/** What is compared of an answer: the status, the type of the content, and the body as JSON says it. */
async function ask(url, {method, path, body, headers}) {
  const init = {method, headers: {...(body === undefined ? {} : {'content-type': 'application/json'}), ...headers}};
  if (body !== undefined) init.body = typeof body === 'string' ? body : JSON.stringify(body);
  const response = await fetch(url + path, init);
  const text = await response.text();
  let json;
  if (text !== '') json = withoutNulls(JSON.parse(text));
  return {status: response.status, type: response.headers.get('content-type'), json};
}

/** A property that is null is one that is not there: LoopBack stores both, and its filters take one for the other (W1). */
function withoutNulls(value) {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (value === null || typeof value !== 'object') return value;
  const entries = Object.entries(value).filter(([, inside]) => inside !== null);
  return Object.fromEntries(entries.map(([key, inside]) => [key, withoutNulls(inside)]));
}

/** What a program tells errors by: status, name, and where LoopBack gives them the code, and the places of `details`. */
function places(details) {
  return Array.isArray(details) ? details.map(({path, code}) => ({path, code})) : details && Object.keys(details);
}

function isSameError(loopback, relata) {
  const [theirs, ours] = [loopback.json?.error, relata.json?.error];
  return (
    theirs && ours && loopback.type === relata.type && theirs.statusCode === ours.statusCode && theirs.name === ours.name &&
    (theirs.code === undefined || theirs.code === ours.code) &&
    (theirs.details === undefined || isDeepStrictEqual(places(theirs.details), places(ours.details)))
  );
}

function judge(loopback, relata) {
  if (isDeepStrictEqual(loopback, relata)) return 'same';
  return isSameError(loopback, relata) ? 'words' : 'different';
}

const LENGTH_MAX = 110;
function cut(text, from = 0) {
  const start = Math.max(0, Math.min(from - 40, text.length - LENGTH_MAX));
  const part = text.slice(start, start + LENGTH_MAX);
  return `${start > 0 ? '..' : ''}${part}${start + LENGTH_MAX < text.length ? '..' : ''}`;
}

/** An answer in short; of two that differ, from where they do. */
function inShort(answer, other) {
  const {status, json} = answer;
  if (json === undefined) return `${status}`;
  if (json.error) {
    const {code, message, details} = json.error;
    const places = Array.isArray(details) ? ` ${details.map(detail => `${detail.path} ${detail.code}`).join(', ')}` : '';
    return `${status} ${code ?? ''} ${cut(message)}${places}`.replace('  ', ' ');
  }
  const ids = value => (Array.isArray(value) && value.every(row => row?.id !== undefined) ? value.map(row => row.id) : undefined);
  const [own, others] = [ids(json), ids(other?.json)];
  if (own && !isDeepStrictEqual(own, others)) return `${status} ids ${JSON.stringify(own)}`;
  const [text, otherText] = [JSON.stringify(json), JSON.stringify(other?.json) ?? ''];
  let from = 0;
  while (other?.status === status && from < text.length && text[from] === otherText[from]) from += 1;
  return `${status} ${cut(text, from === text.length ? 0 : from)}`;
}

const cell = text => text.replaceAll('|', '\\|').replaceAll('\n', ' ');
/** A cell whose text is code, which may have backticks in it. */
const code = text => (text.includes('`') ? `\`\` ${cell(text)} \`\`` : `\`${cell(text)}\``);
function shown({method, path, body, headers}) {
  const text = body === undefined ? '' : ` ${typeof body === 'string' ? body : JSON.stringify(body)}`;
  const kind = headers ? ` (${Object.values(headers).join(', ')})` : '';
  const whole = `${method} ${decodeURIComponent(path)}${text}${kind}`;
  return whole.length > 190 ? `${whole.slice(0, 190)}..` : whole;
}

console.error = () => {}; // LoopBack logs each 5xx,
console.warn = () => {}; // and patterns that are no regular expression.
const lines = [];
const faults = [];
const counts = {same: 0, words: 0, different: 0};
const names = Object.keys(reasons);
const used = new Set();
for (const scenario of [reads, ...writes]) {
  const [loopback, relata] = [await start(), await startRelata()];
  for (const request of scenario) {
    const answers = [await ask(loopback.url, request), await ask(relata.url, request)];
    const verdict = judge(...answers);
    counts[verdict] += 1;
    const {question, reason} = request;
    const number = reason === undefined ? '' : names.indexOf(reason) + 1;
    used.add(reason);
    const both = answers.map((answer, place) => code(inShort(answer, answers[1 - place])));
    const asked = `${question} ${shown(request)}`;
    if (number === 0) faults.push(`there is no reason ${reason}: ${asked}`);
    if ((verdict === 'different') !== (reason !== undefined)) {
      faults.push(`${verdict}, and ${reason ? `the reason ${reason} is given` : 'no reason is given'}: ${asked}\n  ${both.join('\n  ')}`);
    }
    const cells = verdict === 'same' ? [code(inShort(answers[0])), ''] : both;
    lines.push(`| ${question} | ${code(shown(request))} | ${verdict} | ${cells.join(' | ')} | ${number} |`);
  }
  await Promise.all([loopback.stop(), relata.stop()]);
}
faults.push(...names.filter(name => !used.has(name)).map(name => `the reason ${name} is used by nothing`));

const versions = JSON.parse(readFileSync(new URL('package.json', import.meta.url))).dependencies;
const reasonLines = names.map((name, place) => {
  const questions = [...new Set([...reads, ...writes.flat()].filter(({reason}) => reason === name).map(({question}) => question))];
  return `| ${place + 1} | ${cell(reasons[name])} | ${questions.join(', ')} |`;
});
const page = `# The same requests to LoopBack 4 and to relata

Written by [crates/http/loopback/run.sh](../crates/http/loopback/run.sh), which starts both on the rows of its \`data.json\` and
asks them the same. What it means for a program that comes from LoopBack is in [loopback.md](loopback.md).

LoopBack is ${Object.entries(versions).slice(0, 3).map(([name, version]) => `${name} ${version}`).join(', ')}, with its memory
connector of loopback-datasource-juggler ${versions['loopback-datasource-juggler']}, and controllers as its generators write them. relata is
[examples/shop.rs](../crates/http/examples/shop.rs). Lists of reads and of writes have fresh rows each, and are asked in the
order of the table. A row's question is its number in a survey of what LoopBack does: W where, O order, L limit and skip,
F fields, I include, C and H writes, R routes, N what none of them asked. Dates are not in the shop.

${lines.length} requests: **${counts.same} answers are the same**, ${counts.words} are the same error in other words, ${counts.different} differ.

Compared are the status, the content type and the body as JSON, so that keys may stand in any order. One thing is made equal
before: a property that is null is taken for one that is not there, as LoopBack's own filters take it. An error is "the same in
other words" where the status, the name, the code and the places and codes of its \`details\` are those of LoopBack; relata adds
a code or details where LoopBack has none.

## Why answers differ

| | reason | questions |
|---|---|---|
${reasonLines.join('\n')}

## All requests

| | request | | LoopBack 4 | relata | reason |
|---|---|---|---|---|---|
${lines.join('\n')}
`;
writeFileSync(table, page);
console.log(`${lines.length} requests: ${counts.same} same, ${counts.words} in other words, ${counts.different} different`);
if (faults.length > 0) {
  console.log(faults.join('\n'));
  process.exit(1);
}
