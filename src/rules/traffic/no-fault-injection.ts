import { expandHost, parseServiceHost } from '../../mesh/hosts.ts';
import type { FieldPath } from '../../model/field-path.ts';
import type { Finding } from '../../model/finding.ts';
import { isAbsent, isRecord, type JsonObject, recordOrEmpty, recordsOf, stringOf } from '../../model/json.ts';
import { kindOf } from '../../model/kind.ts';
import { namespaceOf, specOf } from '../../model/kube-object.ts';
import { type Facts, objectRule } from '../rule.ts';
import { to, virtualService } from './virtual-service-yaml.ts';

const DELAY = 'fault: { delay: { fixedDelay: 5s, percentage: { value: 1 } } }';
const ABORT = 'fault: { abort: { httpStatus: 503 } }';
const ML = 'ml-service.llmoptimizer.svc.cluster.local';

/** MW411: nobody makes requests fail on purpose where the baseline does not say so. */
export const noFaultInjection = objectRule({
  id: 'no-fault-injection',
  code: 'MW411',
  reads: ['VirtualService'],
  mode: 'enforce',
  onDelete: 'warn',
  exceptable: true,
  summary:
    'No route injects faults, unless it stands in a namespace that the baseline names and leads to such ones only.',
  why: 'Whoever may write a route could make any share of a service’s requests fail or wait; what is injected is neither retried nor bounded by the route’s timeout.',
  remedy: 'Take `fault` out, or inject faults in one of the baseline’s `faultNamespaces`.',
  absence: 'No `fault`, or an empty one, which istiod refuses: nothing is injected.',
  source: {
    refs: [
      'https://istio.io/latest/docs/reference/config/networking/virtual-service/#HTTPFaultInjection',
      'https://www.envoyproxy.io/docs/envoy/v1.36.0/configuration/http/http_filters/fault_filter',
    ],
  },
  numbers: ['faultNamespaces'],
  messages: {
    injects: "`{field}` injects faults; must be left out in namespace '{namespace}'",
    reaches:
      "`{field}` injects faults into requests to '{host}'; must be left out, as namespace '{namespace}' is none for faults",
  },
  examples: {
    pass: [
      { title: 'no fault', yaml: virtualService(to('ml-service')) },
      { title: 'null, which is none', yaml: virtualService(to('ml-service', 'fault: null')) },
      { title: 'an empty block, which injects nothing', yaml: virtualService(to('ml-service', 'fault: {}')) },
    ],
    fail: [
      {
        title: 'a delay',
        yaml: virtualService(to('ml-service', DELAY)),
        finds: ['injects at spec.http[0].fault'],
      },
      {
        title: 'a delay and an abort in the second and third route, at v1beta1',
        yaml: virtualService(`${to('a')}, ${to('b', DELAY)}, ${to('c', ABORT)}`, { version: 'v1beta1' }),
        finds: ['injects at spec.http[1].fault', 'injects at spec.http[2].fault'],
      },
      {
        title: 'an abort for none of the requests, which one number changes, at v1alpha3',
        yaml: virtualService(to('ml-service', 'fault: { abort: { httpStatus: 500, percentage: { value: 0 } } }'), {
          version: 'v1alpha3',
        }),
        finds: ['injects at spec.http[0].fault'],
      },
      {
        title: 'for the delegate that a route hands over to',
        yaml: virtualService(`{ delegate: { name: inner }, ${ABORT} }`),
        finds: ['injects at spec.http[0].fault'],
      },
      {
        title: 'in a delegate, without hosts of its own',
        yaml: virtualService(to('ml-service', ABORT), { hosts: '' }),
        finds: ['injects at spec.http[0].fault'],
      },
      {
        title: 'at a gateway of another namespace',
        yaml: virtualService(to(ML, ABORT), {
          namespace: 'shop',
          hosts: 'api.llmoptimizer.example',
          rest: 'gateways: [istio-ingress/main]',
        }),
        finds: ['injects at spec.http[0].fault'],
      },
      {
        title: 'a route that was right gets one',
        before: virtualService(to('ml-service')),
        yaml: virtualService(to('ml-service', ABORT)),
        finds: ['injects at spec.http[0].fault'],
      },
      {
        title: 'a value that is no block',
        yaml: virtualService(to('ml-service', 'fault: abort')),
        finds: ['injects at spec.http[0].fault'],
      },
      {
        title: 'from the namespace for faults into a service of another one',
        yaml: virtualService(to(ML, ABORT), { namespace: 'chaos', hosts: 'ml.example' }),
        finds: ['reaches at spec.http[0].fault'],
      },
    ],
  },
  check(object, facts, say) {
    if (kindOf(object) !== 'VirtualService') return [];
    const namespace = namespaceOf(object);
    return recordsOf(specOf(object).http).flatMap((route, index): readonly Finding[] => {
      if (!injects(route)) return [];
      const path: FieldPath = ['spec', 'http', index, 'fault'];
      const thing = `fault of route ${stringOf(route.name) ?? ''}`.trim();
      if (!facts.baseline.faultNamespaces.includes(namespace)) return [say('injects', { namespace }, { path, thing })];
      const reached = reachedOutside(route, namespace, facts);
      return reached === undefined ? [] : [say('reaches', reached, { path, thing })];
    });
  },
});

function injects({ fault }: JsonObject): boolean {
  return !isAbsent(fault) && !(isRecord(fault) && Object.keys(fault).length === 0);
}

/** Returns the first service, or delegate, of a route that is of a namespace without faults. */
function reachedOutside(
  route: JsonObject,
  own: string,
  { view, baseline }: Facts,
): { readonly host: string; readonly namespace: string } | undefined {
  const { clusterDomain } = view.settings;
  for (const { destination } of recordsOf(route.route)) {
    const host = expandHost((stringOf(recordOrEmpty(destination).host) ?? '').toLowerCase(), own, clusterDomain);
    const namespace = parseServiceHost(host, clusterDomain)?.namespace;
    if (namespace !== undefined && !baseline.faultNamespaces.includes(namespace)) return { host, namespace };
  }
  const { name, namespace } = recordOrEmpty(route.delegate);
  const home = stringOf(namespace) || own;
  return baseline.faultNamespaces.includes(home)
    ? undefined
    : { host: `${home}/${stringOf(name) ?? ''}`, namespace: home };
}
