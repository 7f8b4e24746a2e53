import { isDiscovered } from '../../mesh/discovery.ts';
import { isForeign } from '../../mesh/indexes.ts';
import {
  type DeadReference,
  deadInDestinationRule,
  deadInGatewayRoute,
  deadInVirtualService,
  writtenExportTo,
} from '../../mesh/references.ts';
import type { View } from '../../mesh/view.ts';
import type { Baseline } from '../../model/baseline.ts';
import type { Finding } from '../../model/finding.ts';
import { stringsOf } from '../../model/json.ts';
import { type Kind, kindOf, KINDS } from '../../model/kind.ts';
import { type KubeObject, namespaceOf, specOf } from '../../model/kube-object.ts';
import { type Facts, objectRule, type Say } from '../rule.ts';
import { examples } from './live-object.examples.ts';

const messages = {
  foreign: "`{field}` is '{seen}', which is no revision of this mesh, so nobody obeys the object; must be left out",
  undiscovered:
    "`{field}` is '{seen}', which the mesh's `discoverySelectors` leave out, so nobody obeys the object; must be a namespace that they select",
  nobody: '`{field}` names no namespace that is there, so nobody sees the object; must be left out or name its clients',
  hidden:
    "`{field}` leaves out namespace '{namespace}', where '{caller}' is declared to call '{host}'; must be left out or name it",
  gateway: "`{field}` means Gateway '{name}', which is not there; must be one that is there or comes",
  host: "`{field}` means '{name}', which no service has to the letter; must be one that is there or comes",
  subset:
    "`{field}` is '{seen}', which no DestinationRule of '{host}' has, so nothing that is sent there arrives; must be one that is there or comes",
  delegate:
    "`{field}` means VirtualService '{name}', which is not there, has hosts of its own or is not exported to this one, so the entry vanishes; must be one that can be used",
} as const;

type SayIt = Say<typeof messages>;

// Object.keys widens to string; they are exactly the names of kinds.
const ISTIO_KINDS = (Object.keys(KINDS) as Kind[]).filter((kind) => KINDS[kind].group.endsWith('.istio.io'));

/** MW415: an object that stands there does what it says. */
export const liveObject = objectRule({
  id: 'live-object',
  code: 'MW415',
  reads: [...ISTIO_KINDS, 'KubernetesGateway', 'HTTPRoute', 'GRPCRoute', 'Service', 'Namespace', 'ConfigMap'],
  mode: 'warn',
  onDelete: 'warn',
  exceptable: true,
  summary: 'Every object of Istio’s is seen by this mesh, and what it names is there.',
  why: 'A rule for another revision, a route to a subset that nobody defines or an object that is exported to nobody looks like protection and is none.',
  remedy: 'Mend the name, the label or `exportTo`; where the other object comes later, nothing is to be done.',
  absence:
    'No `istio.io/rev`: seen by every revision. No `exportTo`: everybody. Names are compared as Istio does: a name without a dot is one of the object’s namespace; destinations and the hosts of DestinationRules are case-sensitive and may not end with a dot.',
  source: {
    refs: [
      'https://istio.io/latest/docs/setup/upgrade/canary/',
      'https://istio.io/latest/docs/reference/config/networking/virtual-service/#Destination',
      'https://github.com/istio/istio/blob/1.31.0/pkg/config/model.go',
    ],
  },
  numbers: ['mesh.revisions', 'services.calls'],
  messages,
  examples,
  check(object, facts, say) {
    const kind = kindOf(object);
    if (kind === undefined) return [];
    const { view } = facts;
    const namespace = namespaceOf(object);
    if (isForeign(kind, object, view.settings)) {
      return [say('foreign', {}, { path: ['metadata', 'labels', 'istio.io/rev'], thing: 'revision' })];
    }
    if (KINDS[kind].group.endsWith('.istio.io') && !isDiscovered(namespace, view)) {
      return [say('undiscovered', {}, { path: ['metadata', 'namespace'], thing: 'namespace' })];
    }
    const dead = DEAD[kind]?.(object, view, facts.baseline) ?? [];
    // What is not there is said once, at the first field that names it.
    const said = new Map<string, Finding>();
    for (const finding of dead.map((one) => sayDead(one, say))) {
      if (!said.has(finding.thing)) said.set(finding.thing, finding);
    }
    return [...judgeExport(object, kind, facts, say), ...said.values()];
  },
});

const DEAD: Partial<Record<Kind, (object: KubeObject, view: View, baseline: Baseline) => readonly DeadReference[]>> = {
  VirtualService: deadInVirtualService,
  DestinationRule: deadInDestinationRule,
  HTTPRoute: deadInGatewayRoute,
  GRPCRoute: deadInGatewayRoute,
};

function sayDead({ what, path, name, host = '' }: DeadReference, say: SayIt): Finding {
  const about = { path, thing: `${what} ${name}${host === '' ? '' : ` of ${host}`}` };
  if (what === 'subset') return say('subset', { host }, about);
  return say(what, { name }, about);
}

/** Kubernetes makes these itself, whether or not their objects are in view. */
const KUBERNETES_OWN: ReadonlySet<string> = new Set(['default', 'kube-system', 'kube-public', 'kube-node-lease']);

function judgeExport(object: KubeObject, kind: Kind, { view, baseline }: Facts, say: SayIt): readonly Finding[] {
  if (kind !== 'VirtualService' && kind !== 'DestinationRule' && kind !== 'ServiceEntry') return [];
  const exportTo = writtenExportTo(object);
  if (exportTo.length === 0 || exportTo.includes('*')) return [];
  const path = ['spec', 'exportTo'];
  const { namespaces, outside } = baseline.mesh;
  const isThere = (name: string): boolean =>
    name === namespaceOf(object) ||
    KUBERNETES_OWN.has(name) ||
    view.get('Namespace', '', name) !== undefined ||
    namespaces.includes(name) ||
    outside.includes(name);
  if (!exportTo.some(isThere)) return [say('nobody', {}, { path, thing: 'exportTo' })];
  // For services of the mesh this is MW403's and MW406's finding, as it leaves their clients without a bound.
  if (kind !== 'ServiceEntry') return [];
  const hosts = stringsOf(specOf(object).hosts).map((host) => host.toLowerCase());
  const hidden = baseline.services.flatMap((caller) => {
    const host = caller.calls.find((call) => hosts.includes(call));
    return host === undefined || exportTo.includes(caller.namespace) ? [] : [{ caller, host }];
  })[0];
  if (hidden === undefined) return [];
  const { caller, host } = hidden;
  return [
    say(
      'hidden',
      { namespace: caller.namespace, caller: caller.name, host },
      { path, thing: `exportTo ${caller.namespace}` },
    ),
  ];
}
