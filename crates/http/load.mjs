// How many requests a second, with 64 connections kept open: relata's routes, LoopBack 4 on its memory connector and an
// axum route that gives a constant body of the same size, in turns. Run by hand, after loopback/run.sh; it needs wrk:
//
//   cargo build --release -p relata-http --examples && node crates/http/load.mjs target/release/examples
import {spawn, execFileSync} from 'node:child_process';

const [examples, kind] = process.argv.slice(2);
const FILTER = encodeURIComponent(JSON.stringify({limit: 20, include: [{relation: 'customer'}]}));
const ROUNDS = 3, SECONDS = 4;

if (kind === 'loopback') {
  const {start} = await import('./loopback/server.mjs');
  console.log((await start()).url);
} else {
  const started = (command, args) => new Promise(resolve => {
    const program = spawn(command, args, {stdio: ['ignore', 'pipe', 'inherit']});
    program.stdout.once('data', text => resolve({program, url: String(text).trim().replace(/\/$/, '')}));
  });
  const relata = await started(`${examples}/shop`, []);
  const loopback = await started(process.execPath, [new URL(import.meta.url).pathname, examples, 'loopback']);
  for (const {url} of [relata, loopback]) {
    for (let id = 1000; id < 1093; id += 1) {
      const body = JSON.stringify({id, description: `Order ${id}`, total: id, customerId: 1 + id % 2});
      const answer = await fetch(`${url}/orders`, {method: 'POST', headers: {'content-type': 'application/json'}, body});
      if (!answer.ok) throw new Error(await answer.text());
    }
  }
  const path = `/orders?filter=${FILTER}`;
  const bodies = await Promise.all([relata, loopback].map(async ({url}) => (await fetch(url + path)).text()));
  if (JSON.parse(bodies[0]).length !== 20 || JSON.parse(bodies[1]).length !== 20) throw new Error('not 20 rows');
  const constant = await started(`${examples}/constant`, [String(bodies[0].length)]);
  const measure = url => {
    const text = execFileSync('wrk', ['-t1', '-c64', `-d${SECONDS}s`, '--latency', url]).toString();
    if (/Non-2xx/.test(text)) throw new Error(text);
    return {rate: Number(/Requests\/sec:\s+([\d.]+)/.exec(text)[1]), p99: /99%\s+(\S+)/.exec(text)[1]};
  };
  console.log(`${bodies[0].length} bytes; requests a second, 99th percentile`);
  const ratios = {LoopBack: [], constant: []};
  for (let round = 0; round < ROUNDS; round += 1) {
    const [ours, theirs, least] = [relata, loopback, constant].map(({url}) => measure(url + path));
    ratios.LoopBack.push(ours.rate / theirs.rate);
    ratios.constant.push(ours.rate / least.rate);
    const shown = Object.entries({relata: ours, LoopBack: theirs, constant: least});
    console.log(shown.map(([name, {rate, p99}]) => `${name} ${rate} (${p99})`).join(', '));
  }
  for (const [name, all] of Object.entries(ratios)) {
    console.log(`relata beside ${name}, median: ${all.sort((a, b) => a - b)[1].toFixed(2)}`);
  }
  relata.program.kill();
  loopback.program.kill();
  constant.program.kill();
  process.exit(0);
}
