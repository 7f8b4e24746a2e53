import * as fc from 'fast-check';
import t from 'tap';
import { hiddenBy } from '../../src/mesh/hidden-by.ts';
import { isWildcard, serviceHost } from '../../src/mesh/hosts.ts';
import { exportedTo } from '../../src/mesh/route-delegates.ts';
import { rivalsOf } from '../../src/mesh/route-rivals.ts';
import { serviceThing } from '../../src/mesh/route-viewers.ts';
import { boundTo, claimedHosts, expandedHosts } from '../../src/mesh/routers.ts';
import { hasListeners, type Importable, knows, sidecarsOf } from '../../src/mesh/sidecar-scope.ts';
import { View } from '../../src/mesh/view.ts';
import { isRecord, recordsOf } from '../../src/model/json.ts';
import { formatRef, type KubeObject, nameOf, namespaceOf, refOf, specOf } from '../../src/model/kube-object.ts';
import { BASELINE } from '../baseline-fixture.ts';
import { httpRoutes } from '../oracle/meshes-http-routes.ts';
import { serviceEntries, services } from '../oracle/meshes-services.ts';
import { configMap, sidecars } from '../oracle/meshes-settings.ts';
import { virtualServices } from '../oracle/meshes-virtual-services.ts';

const BUDGET_MS = 4000;
const DOMAIN = BASELINE.mesh.clusterDomain;

const importable = (object: KubeObject): Importable => ({
  namespace: namespaceOf(object),
  hosts: expandedHosts(object, DOMAIN),
  fit: 'either',
});

function isForFew(object: KubeObject, view: View): boolean {
  const sources = recordsOf(specOf(object).http).flatMap(({ match }) => recordsOf(match));
  return (
    !exportedTo(view, object).has('*') || sources.some(({ sourceNamespace }) => typeof sourceNamespace === 'string')
  );
}

/** The same question, with every VirtualService and every Service looked at by itself. */
function oneByOne(sidecar: KubeObject, view: View): readonly (readonly string[])[] | undefined {
  const own = namespaceOf(sidecar);
  const isForAll = own === BASELINE.mesh.rootNamespace && !isRecord(specOf(sidecar).workloadSelector);
  const root = view.list('Sidecar', BASELINE.mesh.rootNamespace);
  const scopes = [...new Set([sidecar, ...sidecarsOf(view, own), ...view.list('Sidecar', own), ...root])];
  if (scopes.some((one) => one !== undefined && hasListeners(one))) return undefined;
  const [hosts, rivals] = [new Set<string>(), new Set<KubeObject>()];
  for (const service of view.list('Service')) {
    const namespace = namespaceOf(service);
    const thing: Importable = { namespace, hosts: [serviceHost(nameOf(service), namespace, DOMAIN)], fit: 'covered' };
    const asked = [...sidecarsOf(view, namespace), ...(isForAll || own === namespace ? scopes : [])];
    if (asked.some((scope) => !knows(scope, namespace, undefined, thing)))
      for (const one of thing.hosts) hosts.add(one);
  }
  for (const object of view.list('VirtualService').filter((one) => boundTo(one).includes('mesh'))) {
    const claims = claimedHosts(object, DOMAIN).map((host) => serviceThing(view, host));
    const clients = isForAll ? ['', namespaceOf(object), ...claims.map(({ namespace }) => namespace)] : [own];
    for (const scope of scopes) {
      const without = clients.filter((client) => !knows(scope, client, undefined, importable(object)));
      if (without.length === 0) continue;
      const isSeen = (thing: Importable): boolean => without.some((client) => knows(scope, client, undefined, thing));
      const isHome = without.includes(namespaceOf(object)) || isForFew(object, view);
      if (isHome) rivals.add(object);
      for (const claim of claims) {
        for (const host of claim.hosts) if (isHome || isWildcard(host) || isSeen(claim)) hosts.add(host);
      }
      const others = [...rivalsOf(object, view)];
      const comesForward = (one: KubeObject): boolean => importable(one).hosts.length === 0 || isSeen(importable(one));
      if (others.some(comesForward)) for (const one of others) rivals.add(one);
    }
  }
  return [[...hosts], [...rivals].map((one) => formatRef(refOf(one)))];
}

t.test('what a Sidecar hides is the same whether routers are looked at one by one or together', (t) => {
  const seed = Date.now() % 2 ** 31;
  const count = { asked: 0, hiding: 0 };
  const parts = [virtualServices, services, serviceEntries, sidecars, sidecars, configMap] as const;
  const meshes = fc
    .tuple(...parts, fc.option(httpRoutes, { freq: 1 }))
    .map((lists) => lists.flatMap((list) => list ?? []));
  const property = fc.property(meshes, (objects) => {
    const view = View.of(objects, BASELINE.mesh);
    for (const sidecar of view.list('Sidecar')) {
      const hidden = hiddenBy(sidecar, view);
      const together = hidden && [[...hidden.hosts], [...hidden.rivals].map((one) => formatRef(refOf(one)))];
      const due = oneByOne(sidecar, view);
      count.asked += 1;
      if (due?.some((list) => list.length > 0) === true) count.hiding += 1;
      if (JSON.stringify(together) !== JSON.stringify(due)) {
        throw new Error(`${JSON.stringify(together)} must be ${JSON.stringify(due)} for ${JSON.stringify(sidecar)}`);
      }
    }
  });
  const result = fc.check(property, { seed, numRuns: 1_000_000, interruptAfterTimeLimit: BUDGET_MS });
  t.comment(`seed ${seed}: ${JSON.stringify(count)}`);
  t.notOk(result.failed, fc.defaultReportMessage(result) ?? 'nothing was left out');
  t.ok(count.hiding > 5);
  t.end();
});
