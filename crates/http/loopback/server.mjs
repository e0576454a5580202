// The shop of data.json as a LoopBack 4 application on its memory connector. The models are those of ../examples/shop.rs,
// the controllers those that the generators of LoopBack write: `param.filter`, `getModelSchemaRef`, and
// `param.query.object('filter')` for relations. Decorators are called by hand, so that nothing has to be compiled.

import 'reflect-metadata';
import {readFileSync} from 'node:fs';
import repositoryPackage from '@loopback/repository';
import restPackage from '@loopback/rest';

const {
  Entity, DefaultCrudRepository, CountSchema, juggler, model, property, belongsTo, hasMany, hasOne, referencesMany,
} = repositoryPackage;
const {
  RestApplication, RestServer, get, post, patch, put, del, param, requestBody, getModelSchemaRef, getWhereSchemaFor,
} = restPackage;

const rows = JSON.parse(readFileSync(new URL('data.json', import.meta.url)));

function define(name, properties) {
  const type = {[name]: class extends Entity {}}[name];
  const own = properties.id ?? {type: 'number'};
  for (const [key, definition] of Object.entries({id: own, ...properties})) {
    property(key === 'id' ? {...definition, id: true, generated: false} : definition)(type.prototype, key);
  }
  // What the compiler of TypeScript writes for decorated properties.
  Reflect.defineMetadata('design:type', own.type === 'string' ? String : Number, type.prototype, 'id');
  return type;
}

const number = {type: 'number'}, text = {type: 'string'};
const Thing = define('Thing', {
  name: text, num: number, flag: {type: 'boolean'}, tags: {type: 'array', itemType: 'string'}, address: {type: 'object'},
  note: text,
});
const Customer = define('Customer', {name: text});
const Order = define('Order', {description: {type: 'string', required: true}, total: number});
const Address = define('Address', {street: text});
const Category = define('Category', {name: text});
const Post = define('Post', {title: text});
const Tag = define('Tag', {name: text});
const PostTag = define('PostTag', {id: text, postId: number, tagId: number});
const Song = define('Song', {id: text, title: text});
const Playlist = define('Playlist', {name: text});
hasMany(() => Order, {keyTo: 'customerId'})(Customer.prototype, 'orders');
hasOne(() => Address, {keyTo: 'customerId'})(Customer.prototype, 'address');
belongsTo(() => Customer, {}, number)(Order.prototype, 'customerId');
belongsTo(() => Customer, {}, number)(Address.prototype, 'customerId');
belongsTo(() => Category, {name: 'parent'}, number)(Category.prototype, 'parentId');
hasMany(() => Category, {keyTo: 'parentId'})(Category.prototype, 'children');
hasMany(() => Tag, {through: {model: () => PostTag}})(Post.prototype, 'tags');
referencesMany(() => Song, {name: 'songs'}, {type: 'array', itemType: 'string'})(Playlist.prototype, 'songIds');
const models = {Thing, Customer, Order, Address, Category, Post, Tag, PostTag, Song, Playlist};
Object.values(models).forEach(type => model()(type));

/** The repositories, with the rows of data.json and every relation open to inclusion. */
async function repositories() {
  const source = new juggler.DataSource({name: 'db', connector: 'memory'});
  const of = Object.fromEntries(
    Object.entries(models).map(([name, type]) => [name, new DefaultCrudRepository(type, source)]),
  );
  const target = name => async () => of[name];
  const relations = [
    ['Customer', 'orders', 'createHasManyRepositoryFactoryFor', 'Order'],
    ['Customer', 'address', 'createHasOneRepositoryFactoryFor', 'Address'],
    ['Order', 'customer', 'createBelongsToAccessorFor', 'Customer'],
    ['Address', 'customer', 'createBelongsToAccessorFor', 'Customer'],
    ['Category', 'parent', 'createBelongsToAccessorFor', 'Category'],
    ['Category', 'children', 'createHasManyRepositoryFactoryFor', 'Category'],
    ['Post', 'tags', 'createHasManyThroughRepositoryFactoryFor', 'Tag', 'PostTag'],
    ['Playlist', 'songs', 'createReferencesManyAccessorFor', 'Song'],
  ];
  for (const [name, relation, make, ...targets] of relations) {
    of[name][relation] = of[name][make](relation, ...targets.map(target));
    of[name].registerInclusionResolver(relation, of[name][relation].inclusionResolver);
  }
  for (const name of Object.keys(models)) await of[name].createAll(rows[name]);
  return of;
}

const json = schema => ({content: {'application/json': {schema}}});
const answer = (status, schema) => ({responses: {[status]: {description: 'x', ...(schema ? json(schema) : {})}}});

/** A controller with these methods: for each its verb with the path, the decorators of its parameters, and what it does. */
function controller(name, methods) {
  const type = {[name]: class {}}[name];
  for (const [key, [verb, parameters, body]] of Object.entries(methods)) {
    type.prototype[key] = body;
    parameters.forEach((decorate, place) => decorate(type.prototype, key, place));
    verb(type.prototype, key, Object.getOwnPropertyDescriptor(type.prototype, key));
  }
  return type;
}

/** The routes of a model's rows. */
function ofRows(path, type, repository) {
  const id = type === Song || type === PostTag ? param.path.string('id') : param.path.number('id');
  const whole = requestBody(json(getModelSchemaRef(type, {title: `New${type.name}`})));
  const partial = requestBody(json(getModelSchemaRef(type, {partial: true})));
  const list = {type: 'array', items: getModelSchemaRef(type, {includeRelations: true})};
  return controller(`${type.name}Controller`, {
    create: [post(path, answer(200, getModelSchemaRef(type))), [whole], row => repository.create(row)],
    count: [get(`${path}/count`, answer(200, CountSchema)), [param.where(type)], where => repository.count(where)],
    find: [get(path, answer(200, list)), [param.filter(type)], filter => repository.find(filter)],
    updateAll: [patch(path, answer(200, CountSchema)), [partial, param.where(type)], (row, where) => repository.updateAll(row, where)],
    findById: [get(`${path}/{id}`, answer(200)), [id, param.filter(type, {exclude: 'where'})], (key, filter) => repository.findById(key, filter)],
    updateById: [patch(`${path}/{id}`, answer(204)), [id, partial], (key, row) => repository.updateById(key, row)],
    replaceById: [put(`${path}/{id}`, answer(204)), [id, whole], (key, row) => repository.replaceById(key, row)],
    deleteById: [del(`${path}/{id}`, answer(204)), [id], key => repository.deleteById(key)],
  });
}

/** The routes of the row or rows that a row refers to, which can be read. */
function ofTarget(path, relation, type, repository) {
  return controller(`${type.name}${relation}Controller`, {
    get: [get(`${path}/{id}/${relation}`, answer(200)), [param.path.number('id')], id => repository[relation](id)],
  });
}

/** The routes of the rows that a row owns: of a hasMany, a hasOne, or a hasMany through links. */
function ofOwned(path, relation, type, key, repository) {
  const id = param.path.number('id');
  const options = {title: `New${type.name}Of${relation}`, ...(key ? {optional: [key]} : {})};
  const where = param.query.object('where', getWhereSchemaFor(type));
  const find = rows => (filter => (rows.find ? rows.find(filter) : rows.get(filter)));
  return controller(`${type.name}Of${relation}Controller`, {
    find: [get(`${path}/{id}/${relation}`, answer(200)), [id, param.query.object('filter')], (key, filter) => find(repository[relation](key))(filter)],
    create: [post(`${path}/{id}/${relation}`, answer(200)), [id, requestBody(json(getModelSchemaRef(type, options)))], (key, row) => repository[relation](key).create(row)],
    patch: [patch(`${path}/{id}/${relation}`, answer(200)), [id, requestBody(json(getModelSchemaRef(type, {partial: true}))), where], (key, row, condition) => repository[relation](key).patch(row, condition)],
    delete: [del(`${path}/{id}/${relation}`, answer(200)), [id, where], (key, condition) => repository[relation](key).delete(condition)],
  });
}

/** A fresh shop on a free port of this machine: its address, and how it is stopped. */
export async function start() {
  const of = await repositories();
  const application = new RestApplication({rest: {port: 0, host: '127.0.0.1', gracePeriodForClose: 0}});
  const paths = {
    '/things': Thing, '/customers': Customer, '/orders': Order, '/addresses': Address, '/categories': Category,
    '/posts': Post, '/tags': Tag, '/post-tags': PostTag, '/songs': Song, '/playlists': Playlist,
  };
  for (const [path, type] of Object.entries(paths)) application.controller(ofRows(path, type, of[type.name]));
  application.controller(ofTarget('/orders', 'customer', Order, of.Order));
  application.controller(ofTarget('/addresses', 'customer', Address, of.Address));
  application.controller(ofTarget('/categories', 'parent', Category, of.Category));
  application.controller(ofTarget('/playlists', 'songs', Playlist, of.Playlist));
  application.controller(ofOwned('/customers', 'orders', Order, 'customerId', of.Customer));
  application.controller(ofOwned('/customers', 'address', Address, 'customerId', of.Customer));
  application.controller(ofOwned('/categories', 'children', Category, 'parentId', of.Category));
  application.controller(ofOwned('/posts', 'tags', Tag, undefined, of.Post));
  await application.start();
  return {url: (await application.getServer(RestServer)).url, stop: () => application.stop()};
}
