#!/usr/bin/env bash
# loopback-datasource-juggler: a query that skips rows stops after a hundred; in an inclusion it skips once for all sources.
#
# Expected: the page on the skip filter says that it omits so many records, with find({skip: 3}) as its example, without a
#   limit. What is not skipped should come. The limit of an inclusion's scope is for each source, so its skip should be too.
# Happens: as soon as there is a skip or an offset, a limit of 100 is added to the filter before the connector sees it.
#   Without a skip all rows come, so it shows only where a table has more than 100 rows behind the skip. find() also writes
#   it into the filter that the caller holds, which keeps it. In a scope the skip and the 100 are those of one query for all
#   sources: the first loses a row, the others lose none, and the last is cut. With a limit beside it the same skip is
#   for each source. Nothing is logged, no call fails.
# Versions: loopback-datasource-juggler 7.0.3, @loopback/repository 8.0.15, reflect-metadata 0.2.2.
# Source: https://loopback.io/doc/en/lb4/Skip-filter.html; the limit is in lib/model-utils.js, `filter.limit || 100`.
# Output seen:
#   find({}): 250 rows
#   find({skip: 1}): 100 rows
#   find({offset: 1}): 100 rows
#   find({skip: 1, limit: 1000}): 249 rows
#   the filter after find(filter) with skip 1: {"skip":1,"order":"id","limit":100,"offset":1}
#   orders of three customers: 3, 3, 150
#   include, scope {skip: 1}: 2, 3, 95
#   include, scope {skip: 1, limit: 1000}: 2, 2, 149
set -euo pipefail

self=$(readlink -f "$0")
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
cat > package.json <<'JSON'
{
  "private": true,
  "dependencies": {
    "@loopback/repository": "8.0.15",
    "loopback-datasource-juggler": "7.0.3",
    "reflect-metadata": "0.2.2"
  }
}
JSON
cat > finding.js <<'JS'
'use strict';
require('reflect-metadata');
const {Entity, DefaultCrudRepository, juggler, model, property, hasMany} = require('@loopback/repository');

/** A model whose properties are numbers, declared as TypeScript's decorators declare it. */
function define(name, properties) {
  const type = {[name]: class extends Entity {}}[name];
  property({type: 'number', id: true})(type.prototype, 'id');
  properties.forEach(key => property({type: 'number'})(type.prototype, key));
  Reflect.defineMetadata('design:type', Number, type.prototype, 'id');
  return type;
}

(async () => {
  const source = new juggler.DataSource({name: 'db', connector: 'memory'});
  const Row = source.createModel('Row', {id: {type: Number, id: true}});
  await Row.create(Array.from({length: 250}, (_, place) => ({id: place + 1})));
  for (const [text, filter] of [
    ['{}', {}],
    ['{skip: 1}', {skip: 1}],
    ['{offset: 1}', {offset: 1}],
    ['{skip: 1, limit: 1000}', {skip: 1, limit: 1000}],
  ]) {
    console.log(`find(${text}): ${(await Row.find(filter)).length} rows`);
  }
  const filter = {skip: 1, order: 'id'};
  await Row.find(filter);
  console.log(`the filter after find(filter) with skip 1: ${JSON.stringify(filter)}`);

  const Order = define('Order', ['customerId']);
  const Customer = define('Customer', []);
  hasMany(() => Order)(Customer.prototype, 'orders');
  [Order, Customer].forEach(type => model()(type));
  const orders = new DefaultCrudRepository(Order, source);
  const customers = new DefaultCrudRepository(Customer, source);
  const factory = customers.createHasManyRepositoryFactoryFor('orders', async () => orders);
  customers.registerInclusionResolver('orders', factory.inclusionResolver);
  await customers.createAll([{id: 1}, {id: 2}, {id: 3}]);
  let id = 0;
  for (const [customerId, count] of [[1, 3], [2, 3], [3, 150]]) {
    await orders.createAll(Array.from({length: count}, () => ({id: ++id, customerId})));
  }
  const counts = async scope => {
    const found = await customers.find({include: [{relation: 'orders', scope}]});
    return found.map(customer => customer.orders?.length ?? 0).join(', ');
  };
  console.log(`orders of three customers: ${await counts(undefined)}`);
  console.log(`include, scope {skip: 1}: ${await counts({skip: 1})}`);
  console.log(`include, scope {skip: 1, limit: 1000}: ${await counts({skip: 1, limit: 1000})}`);
})();
JS
npm install --ignore-scripts --no-audit --no-fund --loglevel=error > /dev/null
node finding.js > seen
cat seen
sed -n '/^# Output seen:$/,/^set /s/^#   //p' "$self" | diff - seen
