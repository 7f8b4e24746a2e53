import { expandHost } from '../../mesh/hosts.ts';
import { ownershipOf } from '../../mesh/host-owners.ts';
import { isRecord, stringOf } from '../../model/json.ts';
import { kindOf } from '../../model/kind.ts';
import { namespaceOf, specOf } from '../../model/kube-object.ts';
import { objectRule } from '../rule.ts';
import { examples } from './own-destination-rule.examples.ts';

/** MW414: how a service is called is said by whoever owns it, not by whoever calls. */
export const ownDestinationRule = objectRule({
  id: 'own-destination-rule',
  code: 'MW414',
  reads: ['DestinationRule', 'ServiceEntry', 'Namespace'],
  mode: 'enforce',
  onDelete: 'warn',
  exceptable: true,
  summary: 'A DestinationRule stands in the namespace of its service, or in the root namespace.',
  why: 'A rule in a caller’s namespace replaces the owner’s for all callers there: its breaker, its pool, its load balancer and its TLS are gone, whether the rule sets its own or not.',
  remedy: 'Move the rule into the service’s namespace; let a wildcard cover services of its own namespace only.',
  absence:
    'No rule in the caller’s namespace: the owner’s, else the root namespace’s applies. A rule whose `workloadSelector` fits no pod ends the look-up all the same.',
  source: {
    document: '**Circuit Breakers**: Configure based on service SLAs',
    refs: [
      'https://istio.io/latest/docs/ops/best-practices/traffic-management/#cross-namespace-configuration',
      'https://github.com/istio/istio/blob/1.31.0/pilot/pkg/model/push_context.go',
    ],
  },
  numbers: ['mesh', 'externalHosts', 'gateways'],
  messages: {
    notOwn:
      "`{field}` is '{seen}', which belongs to namespace '{owner}'; must be a service of namespace '{namespace}', as the rule replaces the owner's for all clients there",
    notOwnSelected:
      "`{field}` is '{seen}', which belongs to namespace '{owner}'; must be a service of namespace '{namespace}', as the rule's `workloadSelector` takes the owner's rule from all pods there, also from those that it is not for",
    everybody:
      "`{field}` is '{seen}', which covers services of other namespaces; must cover services of namespace '{namespace}' only",
  },
  examples,
  check(object, { view, baseline }, say) {
    if (kindOf(object) !== 'DestinationRule') return [];
    const namespace = namespaceOf(object);
    const { rootNamespace, clusterDomain } = view.settings;
    const host = expandHost(stringOf(specOf(object).host) ?? '', namespace, clusterDomain).toLowerCase();
    if (namespace === rootNamespace || host === '') return [];
    const whose = ownershipOf(host, namespace, view, baseline);
    const about = { path: ['spec', 'host'], thing: `host ${host}` };
    if (whose.kind === 'several') return [say('everybody', { namespace }, about)];
    // A host that nobody is known to own has no rule that could be replaced.
    if (whose.kind !== 'others') return [];
    const owner = whose.namespaces.join("', '");
    const isSelected = isRecord(specOf(object).workloadSelector);
    return [say(isSelected ? 'notOwnSelected' : 'notOwn', { owner, namespace }, about)];
  },
});
