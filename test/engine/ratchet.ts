import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseBaseline } from '../../src/baseline/parse.ts';
import { judge } from '../../src/engine/judge.ts';
import { View } from '../../src/mesh/view.ts';
import type { Change } from '../../src/model/change.ts';
import { formatPath } from '../../src/model/field-path.ts';
import { identityOf } from '../../src/model/finding.ts';
import { isRecord, type JsonObject, recordOrEmpty } from '../../src/model/json.ts';
import { formatRef, type KubeObject, refOf } from '../../src/model/kube-object.ts';
import type { JudgedFinding } from '../../src/model/verdict.ts';
import { RULES } from '../../src/rules/index.ts';
import { NOW } from '../baseline-fixture.ts';
import { ALL_BREAKS } from '../mutants/all-breaks.ts';
import { mutantsOf } from '../mutants/mutants.ts';
import { shippedObjects } from '../mutants/shipped-objects.ts';
import { deepFreeze } from '../rules/example-runner.ts';
import type { Step } from './ratchet-steps.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const parsed = parseBaseline(readFileSync(join(ROOT, 'policies/baseline.yaml'), 'utf8'), {
  sha256: '0'.repeat(64),
  now: NOW,
});
if (!parsed.ok) throw new Error('the shipped baseline cannot be used');
export const { baseline } = parsed;
const bench = { baseline, rules: RULES, now: NOW };

type Mesh = ReadonlyMap<string, KubeObject>;
type Audit = ReadonlyMap<string, JudgedFinding>;

/** A namespace that is not in the mesh, and may join it. */
function team(injection: string): KubeObject {
  return { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'team', labels: { 'istio-injection': injection } } };
}

/** The shipped tree and its platform, all of one age, and a namespace beside it. */
export const SHIPPED: Mesh = new Map(
  [...shippedObjects(), team('disabled')].map((object) => [keyOf(object), aged(object, '2026-01-01T00:00:00Z')]),
);

function keyOf(object: KubeObject): string {
  return formatRef(refOf(object));
}

function aged(object: KubeObject, creationTimestamp: unknown): KubeObject {
  return deepFreeze({ ...object, metadata: { ...recordOrEmpty(object.metadata), creationTimestamp } });
}

/** Returns everything that is wrong with a mesh, as the audit says it, by identity. */
export function auditOf(mesh: Mesh): Audit {
  const changes = [...mesh.values()].map((after): Change => ({ operation: 'CREATE', after }));
  const { findings } = judge(changes, { ...bench, view: View.of([], baseline.mesh), complete: true });
  const worst = new Map<string, JudgedFinding>();
  for (const finding of findings) {
    if (finding.severity !== 'error') continue;
    const identity = identityOf(finding);
    const there = worst.get(identity);
    if (there === undefined || (there.magnitude ?? 0) < (finding.magnitude ?? 0)) worst.set(identity, finding);
  }
  return worst;
}

const NAMESPACES = ['llmoptimizer', 'llmoptimizer-data', 'istio-system', 'istio-ingress', 'team'];

/** Returns the change that a step is in a mesh; undefined where there is none. */
function changeOf(step: Step, mesh: Mesh): Change | undefined {
  if (step.does === 'create') return put(step.object, mesh);
  if (step.does === 'join') return put(team(step.label), mesh);
  if (step.does === 'restore') {
    const shipped = [...SHIPPED.values()];
    const object = shipped[step.which % shipped.length];
    return object === undefined ? undefined : put(object, mesh);
  }
  const all = [...mesh.values()];
  const before = all[step.which % all.length];
  if (before === undefined) return undefined;
  if (step.does === 'delete') return { operation: 'DELETE', before };
  if (step.does === 'break') {
    const mutants = mutantsOf([before], ALL_BREAKS);
    return mutants[step.place % Math.max(mutants.length, 1)]?.change;
  }
  const after = rewritten(before, step);
  return after === undefined ? undefined : put(after, mesh);
}

type Rewrite = Exclude<Step, { readonly does: 'create' | 'join' | 'restore' | 'delete' | 'break' }>;

function rewritten(before: KubeObject, step: Rewrite): KubeObject | undefined {
  const metadata = recordOrEmpty(before.metadata);
  if (step.does === 'copy') return { ...before, metadata: { ...metadata, name: `copy-${String(metadata.name)}` } };
  if (step.does === 'move') {
    const namespace = NAMESPACES[step.which % NAMESPACES.length];
    return metadata.namespace === undefined ? undefined : { ...before, metadata: { ...metadata, namespace } };
  }
  if (step.does === 'label') {
    const { 'istio.io/rev': _, ...labels } = recordOrEmpty(metadata.labels);
    const revised = step.revision === undefined ? labels : { ...labels, 'istio.io/rev': step.revision };
    return { ...before, metadata: { ...metadata, labels: revised } };
  }
  if (step.does === 'export') {
    const { exportTo: _, ...spec } = recordOrEmpty(before.spec);
    if (!/^(?:VirtualService|DestinationRule|ServiceEntry)$/.test(before.kind)) return undefined;
    return { ...before, spec: step.to === undefined ? spec : { ...spec, exportTo: step.to } };
  }
  const places = [...placesIn(before, [])];
  const place = places[step.place % Math.max(places.length, 1)];
  return place === undefined ? undefined : (withValue(before, place, step.value) as KubeObject);
}

type Place = readonly (string | number)[];

/** Yields every field but those that name the object. */
function* placesIn(here: unknown, path: Place): Iterable<Place> {
  if (path.length > 1 || (path.length === 1 && path[0] !== 'metadata')) yield path;
  if (Array.isArray(here)) {
    for (const [at, item] of here.entries()) yield* placesIn(item, [...path, at]);
  } else if (isRecord(here)) {
    for (const [key, value] of Object.entries(here)) {
      const isName = path.length === 0 && /^(?:apiVersion|kind)$/.test(key);
      const isFixed = path.length === 1 && path[0] === 'metadata' && !/^(?:labels|annotations)$/.test(key);
      if (!isName && !isFixed) yield* placesIn(value, [...path, key]);
    }
  }
}

function withValue(here: unknown, path: Place, value: unknown): unknown {
  const [step, ...rest] = path;
  if (step === undefined) return value;
  if (Array.isArray(here)) return here.map((item, at) => (at === step ? withValue(item, rest, value) : item));
  const record: JsonObject = recordOrEmpty(here);
  const { [step]: old, ...others } = record;
  const inner = withValue(old, rest, value);
  return inner === undefined ? others : { ...record, [step]: inner };
}

function put(object: KubeObject, mesh: Mesh): Change {
  const before = mesh.get(keyOf(object));
  if (before === undefined) return { operation: 'CREATE', after: aged(object, null) };
  return { operation: 'UPDATE', before, after: aged(object, recordOrEmpty(before.metadata).creationTimestamp) };
}

/** A mesh and the view that has followed it from its beginning, as the server's does. */
interface Followed {
  readonly mesh: Mesh;
  readonly view: View;
}

function applied({ before, after }: Change, { mesh, view }: Followed, at: number): Followed {
  const next = new Map(mesh);
  if (after === undefined) {
    if (before !== undefined) next.delete(keyOf(before));
    return { mesh: next, view: view.with({ remove: before === undefined ? [] : [before] }) };
  }
  const kept = before === undefined ? aged(after, `2026-02-01T00:00:${10 + at}Z`) : after;
  next.set(keyOf(kept), kept);
  return { mesh: next, view: view.with({ add: [kept] }) };
}

function placeOf({ code, responsible, subject, path, thing }: JudgedFinding): string {
  return JSON.stringify([code, responsible ?? subject, responsible === undefined ? thing : formatPath(path)]);
}

interface Review {
  readonly change: Change;
  readonly findings: readonly JudgedFinding[];
  readonly before: Audit;
  readonly after: Audit;
}

/** Names every fault that a change brought and its review did not say. */
function unsaid({ change, findings, before, after }: Review): readonly string[] {
  const said = new Set([...findings.map(identityOf), ...findings.map(placeOf)]);
  const hasSaid = findings.some(({ standing }) => !standing);
  return [...after].flatMap(([identity, finding]) => {
    const earlier = before.get(identity);
    if (earlier !== undefined && (earlier.magnitude ?? 0) >= (finding.magnitude ?? 0)) return [];
    if (said.has(identity) || said.has(placeOf(finding))) return [];
    // A rule on objects says of a Namespace's workloads what another says of the Namespace.
    if (hasSaid && finding.subject.kind === 'object' && !isOn(finding, change)) return [];
    return [`${nameOf(change)} is silent on ${lineOf(finding)}`];
  });
}

/** Names a review that a view which remembers earlier answers judges otherwise than one that was never asked. */
function stale(change: Change, findings: readonly JudgedFinding[], mesh: Mesh): readonly string[] {
  const fresh = judge([change], { ...bench, view: View.of(mesh.values(), baseline.mesh) });
  const [known, anew] = [findings, fresh.findings].map((some) => JSON.stringify(some));
  return known === anew ? [] : [`${nameOf(change)} was judged ${known} and anew ${anew}`];
}

/** What a namespace can only do by leaving is no fault of one that has never been in the mesh. */
const LEAVING = 'MW109';

/** Names every refusal that the audit of the mesh would not repeat. */
function madeUp({ change, findings, after }: Review): readonly string[] {
  const places = new Set([...after.values()].map(placeOf));
  return findings.flatMap((finding) =>
    finding.severity !== 'error' ||
    finding.code === LEAVING ||
    after.has(identityOf(finding)) ||
    places.has(placeOf(finding))
      ? []
      : [`${nameOf(change)} is refused for ${lineOf(finding)}`],
  );
}

function isOn({ subject }: JudgedFinding, { before, after }: Change): boolean {
  const object = after ?? before;
  return subject.kind === 'object' && object !== undefined && formatRef(subject.ref) === keyOf(object);
}

function nameOf({ operation, before, after }: Change): string {
  const object = after ?? before;
  return `${operation} ${object === undefined ? '' : keyOf(object)}`;
}

/** Writes a finding for whoever has to find out why. */
export function lineOf({ code, message, subject, responsible, thing }: JudgedFinding): string {
  return JSON.stringify([code, message, subject, responsible, thing]);
}

/**
 * Does steps to the shipped mesh, those that are refused aside, and names what the reviews kept quiet or made up. The
 * first `legacy` of them are done whatever their review says, as in a mesh that is older than the webhook.
 */
export function faultsOf(list: readonly Step[], legacy: number): readonly string[] {
  let followed: Followed = { mesh: SHIPPED, view: View.of(SHIPPED.values(), baseline.mesh) };
  let before = auditOf(SHIPPED);
  for (const [at, step] of list.entries()) {
    const change = changeOf(step, followed.mesh);
    if (change === undefined) continue;
    const { findings, decision } = judge([change], { ...bench, view: followed.view });
    const next = applied(change, followed, at);
    const after = auditOf(next.mesh);
    const review = { change, findings, before, after };
    const isDone = decision === 'allow' || at < legacy;
    const wrong = [...stale(change, findings, followed.mesh), ...(isDone ? unsaid(review) : madeUp(review))];
    if (wrong.length > 0) return wrong;
    if (!isDone) continue;
    followed = next;
    before = after;
  }
  return [];
}
