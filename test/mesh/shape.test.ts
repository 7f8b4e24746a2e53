import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { parseAllDocuments } from 'yaml';
import { istioModuleFolder } from '../../src/edge/cluster/istio-module.ts';
import { misfits, type Shape } from '../../src/mesh/shape.ts';
import { shapeOf } from '../../src/mesh/shapes.ts';
import { formatPath } from '../../src/model/field-path.ts';
import {
  isRecord,
  type JsonObject,
  listOf,
  recordOf,
  recordOrEmpty,
  recordsOf,
  valueAt,
} from '../../src/model/json.ts';
import { KINDS, type Kind, kindOf } from '../../src/model/kind.ts';
import { isKubeObject } from '../../src/model/kube-object.ts';

const told = (value: unknown, shape: Shape): readonly string[] =>
  misfits(value, shape).map(({ path, seen, wanted }) => `${formatPath(path)} is ${seen}; ${wanted}`);

t.test('scalars fit their own type only, and nothing is absent but absence and null', (t) => {
  const shape: Shape = { a: 'whole', b: 'flag', c: 'duration', d: 'quantity', e: 'text', f: 'number', g: 'anything' };
  t.same(told({ a: 1, b: false, c: '-1h0.5s', d: '1e3', e: '', f: 0.5, g: [{}] }, shape), []);
  t.same(told({ a: null, z: {} }, shape), []);
  t.same(told(undefined, shape), []);
  t.equal(told({ a: 1.5, b: 'true', c: 30, d: 'much', e: 1, f: '1' }, shape).length, 6);
  t.same(told({ a: Number.NaN, c: '1 m', d: true }, shape), [
    'a is the number NaN; a whole number',
    "c is the text '1 m'; a duration such as '1.5s'",
    "d is true; a quantity such as '100m'",
  ]);
  t.end();
});

t.test('lists, maps, words and objects are looked into, and the place is named', (t) => {
  const shape: Shape = { list: [{ word: new Set(['A', 'B']) }], map: ['map', ['text']] };
  t.same(told({ list: [{ word: 'A' }, {}], map: { x: ['a'] } }, shape), []);
  t.same(told({ list: [{ word: 'a' }, 3], map: { 'x/y': ['a', 1], z: 'a' } }, shape), [
    "list[0].word is the text 'a'; one of A, B",
    'list[1] is the number 3; a map',
    'map[x/y][1] is the number 1; text',
    "map.z is the text 'a'; a list",
  ]);
  t.same(told({ list: {}, map: [] }, shape), ['list is a map; a list', 'map is a list; a map']);
  t.same(told([], shape), [' is a list; a map']);
  t.same(told({ map: { ['__proto__']: ['a'], constructor: [1] } }, shape), [
    'map.constructor[0] is the number 1; text',
  ]);
  t.ok(told({ list: [{ word: 'x'.repeat(200) }] }, shape)[0]?.includes('…'), 'a long value is cut');
  t.end();
});

t.test('every kind has a shape', (t) => {
  for (const kind of Object.keys(KINDS) as Kind[]) t.ok(isRecord(shapeOf(kind).metadata), kind);
  t.end();
});

/** What of a shape is not in the API's schema, or is of another type there. */
function differences(shape: Shape, schema: JsonObject, path: string): readonly string[] {
  if (schema['x-kubernetes-preserve-unknown-fields'] === true && schema.properties === undefined) return [];
  if (typeof shape === 'string')
    return TYPES[shape]?.includes(String(schema.type)) ? [] : [`${path} is ${String(schema.type)}`];
  if (shape instanceof Set) {
    const known = listOf(schema.enum);
    const same = known.length === shape.size && known.every((word) => shape.has(String(word)));
    return same ? [] : [`${path} has ${known.join(' ')}`];
  }
  if (Array.isArray(shape) && shape.length === 1) {
    return schema.type === 'array'
      ? differences(shape[0] as Shape, recordOrEmpty(schema.items), `${path}[]`)
      : [`${path} is ${String(schema.type)}`];
  }
  if (Array.isArray(shape)) {
    const inner = recordOf(schema.additionalProperties);
    return inner === undefined ? [`${path} is no map`] : differences(shape[1] as Shape, inner, `${path}{}`);
  }
  return Object.entries(shape).flatMap(([name, inner]) => {
    const property = recordOf(recordOrEmpty(schema.properties)[name]);
    return property === undefined
      ? [`${path}.${name} is unknown`]
      : differences(inner as Shape, property, `${path}.${name}`);
  });
}

const TYPES: Readonly<Record<string, readonly string[]>> = {
  text: ['string'],
  duration: ['string'],
  quantity: ['string'],
  whole: ['integer'],
  number: ['number'],
  flag: ['boolean'],
  anything: [],
};

t.test('the shapes of Istio’s kinds say what its own definitions say, in all versions', async (t) => {
  const file = join(await istioModuleFolder(), 'manifests/charts/base/files/crd-all.gen.yaml');
  const crds = parseAllDocuments(readFileSync(file, 'utf8')).map((document): unknown => document.toJS());
  let compared = 0;
  for (const crd of crds) {
    const name = valueAt(crd, ['spec', 'names', 'kind']);
    const group = valueAt(crd, ['spec', 'group']);
    for (const version of recordsOf(valueAt(crd, ['spec', 'versions']))) {
      const kind = kindOf({ apiVersion: `${String(group)}/${String(version.name)}`, kind: String(name) });
      if (kind === undefined) continue;
      const { spec } = shapeOf(kind);
      const schema = valueAt(version, ['schema', 'openAPIV3Schema', 'properties', 'spec']);
      if (spec === undefined) continue;
      t.same(differences(spec, recordOrEmpty(schema), 'spec'), [], `${kind} ${String(version.name)}`);
      compared++;
    }
  }
  t.ok(compared > 25, `${compared} schemas`);
});

t.test('Istio’s own valid objects have no misfit', async (t) => {
  const folder = await istioModuleFolder();
  const files = [
    'pkg/test/datasets/validation/dataset/*.yaml',
    'pkg/config/validation/testdata/crds/*.yaml',
    'samples/**/*.yaml',
  ];
  const found: string[] = [];
  let read = 0;
  for (const file of files.flatMap((pattern) => globSync(pattern, { cwd: folder }))) {
    for (const document of parseAllDocuments(readFileSync(join(folder, file), 'utf8'), { logLevel: 'silent' })) {
      if (document.errors.length > 0) continue;
      const object: unknown = document.toJS();
      if (!isKubeObject(object) || Object.hasOwn(object, '_err')) continue;
      const kind = kindOf(object);
      if (kind === undefined) continue;
      read++;
      for (const { path, seen } of misfits(object, shapeOf(kind)))
        found.push(`${file} ${object.kind} ${formatPath(path)} ${seen}`);
    }
  }
  // YAML reads the unquoted IPv6 prefix in that file as a map, as the tests of Istio themselves do not.
  t.same(found, ['pkg/config/validation/testdata/crds/serviceentry-valid.yaml ServiceEntry spec.addresses[1] a map']);
  t.ok(read > 100, `${read} objects`);
});
