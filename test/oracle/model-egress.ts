import { egress, isExternalHost, type Way } from '../../src/mesh/egress.ts';
import { takeoverNames } from '../../src/mesh/hosts.ts';
import { externalHosts } from '../../src/mesh/known-hosts.ts';
import { servicesNamed } from '../../src/mesh/known-service.ts';
import { sidecarFor } from '../../src/mesh/outbound.ts';
import { claimedHosts } from '../../src/mesh/routers.ts';
import type { MeshViewer } from '../../src/mesh/routes.ts';
import type { View } from '../../src/mesh/view.ts';
import { specOf } from '../../src/model/kube-object.ts';
import { BASELINE } from '../baseline-fixture.ts';
import type { ProxyAnswer, ProxyQuestion } from './answers.ts';
import { waysText, wayText, type WayWords } from './egress-words.ts';
import { istioEgressWords, knownHosts } from './istio-egress.ts';
import type { Question } from './questions.ts';

type EgressQuestion = Extract<Question, { ask: 'egress' }>;

/** Says by which ways requests for an external host leave a sidecar, as our model has it. */
export function modelEgressWords(
  view: View,
  { namespace, labels }: ProxyQuestion,
  question: EgressQuestion,
): readonly string[] {
  const { host } = question;
  const sidecar = sidecarFor(view, namespace, labels);
  const client: MeshViewer = { kind: 'mesh', namespace, labels, ...(sidecar === undefined ? {} : { sidecar }) };
  return waysText(
    egress(view, BASELINE, host, client)
      .filter((way) => isTold(way, question))
      .map(wordsOf),
    question.known ?? [],
  );
}

/** Names within a wildcard that are external hosts of their own are asked about themselves. */
function isTold(way: Way, { host, known = [], others = [], found = [], hasPort80 = true }: EgressQuestion): boolean {
  const [name] = way.names;
  if (way.protocol === 'HTTP' && name !== undefined && name !== host && others.includes(name)) return false;
  if (way.isDoubtful === true) return found.includes(wayText(wordsOf(way), known));
  // A name that nobody registered needs a listener on port 80 that is there for others.
  return hasPort80 || way.entry !== undefined || way.port !== 80;
}

function wordsOf({ port, protocol, names, exit, to }: Way): WayWords {
  return {
    ...(port === undefined ? {} : { port }),
    ...(protocol === undefined ? {} : { protocol }),
    names,
    exit,
    to: to.map(({ written, subset = '' }) => `${written}/${subset}`),
  };
}

/** Returns a question for each host outside that the mesh names, by a ServiceEntry or a VirtualService. */
export function egressQuestions(view: View, answer: ProxyAnswer): readonly Question[] {
  const { egress: seen, routes } = answer;
  if (seen === undefined) return [];
  const others = [...externalHosts(view)];
  const rest = { others, known: knownHosts(seen), hasPort80: routes['80'] !== undefined };
  return hostsOutside(view).map((host): Question => {
    const question = { ask: 'egress', host, ...rest } as const;
    return { ...question, found: istioEgressWords(answer, question) ?? [] };
  });
}

/** Names that may be another spelling of a Service's are routed as that. */
function hostsOutside(view: View): readonly string[] {
  const { clusterDomain } = view.settings;
  const inMesh = `.svc.${clusterDomain}`;
  const routed = view.list('VirtualService').flatMap((one) => claimedHosts(one, clusterDomain));
  const isOutside = (host: string): boolean =>
    isExternalHost(view, host) ||
    (servicesNamed(view, host).length === 0 && takeoverNames(host, '', clusterDomain).length === 1);
  return [...new Set([...externalHosts(view), ...routed])].filter(
    (host) =>
      !host.endsWith('.') &&
      !host.endsWith(inMesh) &&
      !inMesh.endsWith(host.replace('*', '')) &&
      isOutside(host) &&
      !sharesEndpoints(view, host),
  );
}

/**
 * Several ServiceEntries of one host and namespace share their endpoints, so that one with resolution NONE may have no
 * listener but at the endpoints of another; our model has its port all the same.
 */
function sharesEndpoints(view: View, host: string): boolean {
  const resolutions = new Map<string, unknown>();
  return servicesNamed(view, host).some(({ namespace, object }) => {
    const { resolution = 'NONE' } = specOf(object);
    const before = resolutions.get(namespace) ?? resolution;
    resolutions.set(namespace, resolution);
    return before !== resolution;
  });
}
