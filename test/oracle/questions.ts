import { stringsOf } from '../../src/model/json.ts';
import { type KubeObject, nameOf, namespaceOf, specOf } from '../../src/model/kube-object.ts';
import { isWildcard, serviceHost, takeoverNames } from '../../src/mesh/hosts.ts';
import { serviceSeenBy, servicesNamed } from '../../src/mesh/known-service.ts';
import { sidecarFor } from '../../src/mesh/outbound.ts';
import { gatewayHosts } from '../../src/mesh/route-gateways.ts';
import { boundTo } from '../../src/mesh/routers.ts';
import { knows } from '../../src/mesh/sidecar-scope.ts';
import type { View } from '../../src/mesh/view.ts';
import type { ProxyAnswer, ProxyQuestion } from './answers.ts';
import { HTTP } from './egress-words.ts';
import { egressQuestions } from './model-egress.ts';
import { bytesGoTo, type Layer4Question, layer4Questions } from './questions-layer4.ts';

/** One question to which Istio and our model must have the same answer. */
export type Question =
  /** What routes a name that is called on a port; `service`: the service's full name where it is another spelling of one. */
  | { readonly ask: 'route'; readonly name: string; readonly port: number; readonly service?: string }
  /** The same at a gateway, in one of its route configurations. */
  | { readonly ask: 'gateway route'; readonly name: string; readonly configuration: string }
  | { readonly ask: 'cluster'; readonly host: string; readonly port: number; readonly subset: string }
  /** Whether a subset is known. */
  | { readonly ask: 'subset'; readonly host: string; readonly port: number; readonly subset: string }
  | { readonly ask: 'inbound'; readonly port: number }
  | { readonly ask: 'authorization' }
  | { readonly ask: 'outbound' }
  /** By which ways requests for a host outside leave. */
  | {
      readonly ask: 'egress';
      readonly host: string;
      /** Istio's answer, for the ways that our model leaves in doubt. */
      readonly found?: readonly string[];
      /** Names within it that are asked about themselves. */
      readonly others?: readonly string[];
      /** The services that the proxy has clusters for. */
      readonly known?: readonly string[];
      /** Whether anything listens on port 80. */
      readonly hasPort80?: boolean;
    }
  | Layer4Question
  /** Which of the hosts that get bytes from a gateway our model knows to get them. */
  | { readonly ask: 'bytes'; readonly hosts: readonly string[] }
  | { readonly ask: 'tracing'; readonly side: 'client' | 'server' };

/** Says a question in words. */
export function questionText(question: Question): string {
  switch (question.ask) {
    case 'route':
      return `routes of ${question.name}:${question.port}`;
    case 'gateway route':
      return `routes of ${question.name} in ${question.configuration}`;
    case 'cluster':
      return `cluster of ${question.host}:${question.port} ${question.subset}`;
    case 'subset':
      return `whether ${question.host}:${question.port} has the subset ${question.subset}`;
    case 'inbound':
      return `what port ${question.port} accepts`;
    case 'tracing':
      return `tracing as a ${question.side}`;
    case 'layer 4':
      return `where connections to ${question.host}:${question.port} go`;
    case 'bytes':
      return 'what gets bytes';
    case 'egress':
      return `ways out to ${question.host}`;
    case 'authorization':
    case 'outbound':
      break;
  }
  return question.ask;
}

/** Returns all that can be asked about a proxy: by the mesh's objects, and by what Istio sends to it. */
export function questionsOf(view: View, proxy: ProxyQuestion, answer: ProxyAnswer): readonly Question[] {
  const sides = (['client', 'server'] as const).filter((side) => answer.tracing[side] !== undefined);
  const tracing = sides.map((side): Question => ({ ask: 'tracing', side }));
  const clusters = clusterQuestions(view, answer);
  if (proxy.kind === 'gateway') {
    const bytes: Question = { ask: 'bytes', hosts: bytesGoTo(answer) };
    return [...gatewayQuestions(view, answer), ...clusters, ...tracing, bytes];
  }
  const inbound = (proxy.ports ?? []).map((port): Question => ({ ask: 'inbound', port }));
  const once: readonly Question[] = [{ ask: 'authorization' }, { ask: 'outbound' }];
  return [
    ...routeQuestions(view, proxy, answer),
    ...clusters,
    ...inbound,
    ...once,
    ...egressQuestions(view, answer),
    ...tracing,
    ...layer4Questions(view, proxy),
  ];
}

function routeQuestions(view: View, proxy: ProxyQuestion, answer: ProxyAnswer): readonly Question[] {
  const questions = new Map<string, Question>();
  const add = (name: string, port: number, service?: string): void => {
    const question: Question = { ask: 'route', name, port, ...(service === undefined ? {} : { service }) };
    questions.set(`${name}:${port}`, question);
  };
  for (const [configuration, hosts] of Object.entries(answer.routes)) {
    const port = Number(configuration.slice(configuration.lastIndexOf(':') + 1));
    // What a proxy for HTTP routes, whatever the port, is asked by the ways out.
    if (Number.isNaN(port) || isProxyPort(answer, port)) continue;
    // A listener for one service's address alone answers for that service.
    const service = configuration.includes(':') ? configuration.slice(0, configuration.lastIndexOf(':')) : undefined;
    for (const domain of hosts.flatMap(({ domains }) => domains)) {
      if (isName(domain) && !isPodsOf(view, domain))
        add(domain.toLowerCase(), port, service ?? fullName(view, domain.toLowerCase()));
    }
  }
  for (const { host, port } of httpPorts(view)) {
    // Without a listener there is no answer; where the service is known there must be one.
    const isAnswered = answer.routes[String(port)] !== undefined || answer.routes[`${host}:${port}`] !== undefined;
    if (isAnswered || (seesOnPort(view, proxy, { host, port }) && !isTakenForOther(answer, port)))
      for (const name of spellings(host, view)) add(name, port, host);
  }
  if (answer.routes['80'] !== undefined) {
    for (const name of routedNames(view, 'mesh')) add(name, 80, fullName(view, name));
  }
  return [...questions.values()];
}

/** Tells whether a Sidecar opens a port as a proxy for HTTP. */
function isProxyPort({ egress }: ProxyAnswer, number: number): boolean {
  return egress?.scopes.some(({ port }) => port?.number === number && port.protocol === 'HTTP_PROXY') === true;
}

/** Tells whether a Sidecar's listener takes a port for something else than HTTP, so that nothing routes requests there. */
function isTakenForOther({ egress }: ProxyAnswer, number: number): boolean {
  return egress?.scopes.some(({ port }) => port?.number === number && !HTTP.has(port.protocol)) === true;
}

const ADDRESS = /^[\d./]+$/;

/** Addresses, ports and single labels are other spellings, which no rule asks about. */
function isName(domain: string): boolean {
  return (
    !ADDRESS.test(domain) && !/:\d+$/.test(domain) && domain !== '*' && domain.includes('.') && !/^\*.*\.$/.test(domain)
  );
}

/** Tells whether a name is for single pods of a headless service, which are routed as their service is. */
function isPodsOf(view: View, domain: string): boolean {
  const rest = domain.slice(2);
  return domain.startsWith('*.') && (!rest.includes('.') || fullName(view, rest) !== undefined);
}

/** Returns the names of a service that callers in other namespaces use. */
export function spellings(host: string, { settings }: View): readonly string[] {
  const suffix = `.${settings.clusterDomain}`;
  if (!host.endsWith(`.svc${suffix}`)) return [host];
  const short = host.slice(0, -suffix.length);
  return [host, short, short.slice(0, -'.svc'.length)];
}

function fullName(view: View, name: string): string | undefined {
  return httpPorts(view).find(({ host }) => spellings(host, view).some((one) => one === name || `${one}.` === name))
    ?.host;
}

/** Tells whether a proxy knows a service, and that port of it. */
export function seesOnPort(view: View, { namespace, labels }: ProxyQuestion, { host, port }: HttpPort): boolean {
  const service = serviceSeenBy(view, host, namespace);
  if (service === undefined || !service.ports.some(({ number }) => number === port)) return false;
  const sidecar = sidecarFor(view, namespace, labels);
  return knows(sidecar, namespace, port, { namespace: service.namespace, hosts: [host], fit: 'covered' });
}

interface HttpPort {
  readonly host: string;
  readonly port: number;
}

/** Returns the ports of all services that speak HTTP, or may. */
export function httpPorts(view: View): readonly HttpPort[] {
  return [...serviceHosts(view)].flatMap((host) =>
    servicesNamed(view, host).flatMap(({ ports }) =>
      ports.flatMap((one) => (one.mayBeHttp ? [{ host, port: one.number }] : [])),
    ),
  );
}

function serviceHosts(view: View): ReadonlySet<string> {
  const { clusterDomain } = view.settings;
  const services = view.list('Service').map((one) => serviceHost(nameOf(one), namespaceOf(one), clusterDomain));
  const entries = view.list('ServiceEntry').flatMap((one) => stringsOf(specOf(one).hosts));
  return new Set([...services, ...entries.filter((host) => !isWildcard(host))]);
}

/** Returns the names that VirtualServices are for, as they may be called. */
function routedNames(view: View, at: 'mesh' | 'gateways'): readonly string[] {
  const isMeant = (one: KubeObject): boolean =>
    boundTo(one).some((gateway) => (gateway === 'mesh') === (at === 'mesh'));
  const names = view
    .list('VirtualService')
    .filter(isMeant)
    .flatMap((one) => namesOf(one, view));
  return [...new Set(names)].filter((name) => !isWildcard(name));
}

function namesOf(object: KubeObject, { settings }: View): readonly string[] {
  return stringsOf(specOf(object).hosts).flatMap((host) => {
    const lower = host.toLowerCase();
    const [expanded = lower] = takeoverNames(lower, namespaceOf(object), settings.clusterDomain);
    return lower.includes('.') ? [lower.replace(/\.$/, '')] : [expanded];
  });
}

function gatewayQuestions(view: View, { routes }: ProxyAnswer): readonly Question[] {
  return Object.entries(routes).flatMap(([configuration, hosts]) => {
    const names = new Set(hosts.flatMap(({ domains }) => domains).filter((domain) => !/:\d+$/.test(domain)));
    for (const name of routedNames(view, 'gateways')) names.add(name);
    names.delete('*');
    for (const name of view.list('HTTPRoute').flatMap(gatewayHosts)) names.add(name);
    return [...names].map((name): Question => ({ ask: 'gateway route', name, configuration }));
  });
}

function clusterQuestions(view: View, { clusters }: ProxyAnswer): readonly Question[] {
  const rules = view.list('DestinationRule');
  const subsets = new Set(rules.flatMap((rule) => subsetsOf(rule)));
  return Object.entries(clusters).flatMap(([name, { discovery }]): readonly Question[] => {
    const [, port = '', subset = '', host = ''] = name.split('|');
    const at = { host, port: Number(port) };
    const one: Question = { ask: 'cluster', ...at, subset };
    // One that Envoy resolves itself has a subset's cluster only where an endpoint of its own has the labels.
    if (subset !== '' || (discovery !== 'EDS' && discovery !== 'ORIGINAL_DST')) return [one];
    return [one, ...[...subsets].map((known): Question => ({ ask: 'subset', ...at, subset: known }))];
  });
}

function subsetsOf(rule: KubeObject): readonly string[] {
  const { subsets } = specOf(rule);
  return Array.isArray(subsets) ? subsets.flatMap((one) => stringsOf([one?.name])) : [];
}
