import { isMeshNamespace } from '../../mesh/namespaces.ts';
import { type FieldPath, toPointer } from '../../model/field-path.ts';
import type { Finding } from '../../model/finding.ts';
import { type KubeObject, labelOf } from '../../model/kube-object.ts';
import { addEntries } from '../../model/patch.ts';
import { namespaceRule } from '../rule.ts';
import { examples } from './namespace-injection.examples.ts';

const INJECTION = 'istio-injection';
const REVISION = 'istio.io/rev';
const AMBIENT = 'istio.io/dataplane-mode';
const at = (label: string): FieldPath => ['metadata', 'labels', label];

/** MW109: a namespace of the mesh asks for sidecars, once and clearly. */
export const namespaceInjection = namespaceRule({
  id: 'namespace-injection',
  code: 'MW109',
  reads: ['Namespace'],
  mode: 'enforce',
  onDelete: 'warn',
  exceptable: true,
  summary: 'A mesh namespace has exactly one label that asks for injection, and none for the ambient mode.',
  why: 'The namespace’s label decides for every pod that comes: without it, or with one that nobody answers to, all new pods are outside the mesh, and nobody is told.',
  remedy:
    'Label the namespace `istio-injection: enabled`, or `istio.io/rev` with a revision of this mesh; not both, and no `istio.io/dataplane-mode`.',
  absence:
    'Neither label: no pod is injected that does not ask itself. `istio-injection` goes before `istio.io/rev`, and only `enabled` of its values counts.',
  source: {
    document: '**Strict Mode**: Enforced for all services in the mesh',
    refs: [
      'https://istio.io/latest/docs/setup/additional-setup/sidecar-injection/',
      'https://github.com/istio/istio/blob/1.31.0/manifests/charts/istio-control/istio-discovery/templates/mutatingwebhook.yaml',
    ],
  },
  numbers: ['mesh.namespaces', 'mesh.outside', 'mesh.revisions'],
  messages: {
    missing: "`{field}` is not set, so that no sidecar comes to namespace '{namespace}'; must be 'enabled'",
    left: "`{field}` is not set any more, so that namespace '{namespace}' leaves the mesh; must be 'enabled'",
    disabled: "`{field}` is '{seen}', so that no sidecar comes to namespace '{namespace}'; must be 'enabled'",
    unknown: "`{field}` is '{seen}', which no istiod of this mesh answers to; must be '{revision}'",
    twice: "`{field}` is '{seen}' beside `istio-injection`, which goes before it; must be left out",
    ambient: "`{field}` is 'ambient', where pods have sidecars; must be left out",
  },
  examples,
  check(namespace, { view, baseline, earlier }, say) {
    const object = view.get('Namespace', '', namespace);
    if (object === undefined) return [];
    const isMesh = isMeshNamespace(namespace, view, baseline);
    // A namespace that only its label put into the mesh is outside as soon as it loses it.
    const hasLeft = !isMesh && earlier !== undefined && isMeshNamespace(namespace, earlier, baseline);
    if (!isMesh && !hasLeft) return [];
    const [injection, revision] = [labelOf(object, INJECTION), labelOf(object, REVISION)];
    const known = baseline.mesh.revisions[0] ?? 'default';
    const findings: Finding[] = [];
    if (injection !== undefined) {
      const about = { path: at(INJECTION), responsible: object, thing: 'injection' };
      if (injection !== 'enabled')
        findings.push(say('disabled', { namespace }, { ...about, ...set(object, 'enabled') }));
      if (revision !== undefined) findings.push(say('twice', {}, without(object, REVISION)));
    } else if (revision === undefined) {
      const fix = addEntries(object, ['metadata', 'labels'], { [INJECTION]: 'enabled' });
      const about = { path: at(INJECTION), responsible: object, thing: 'injection', fix };
      findings.push(say(hasLeft ? 'left' : 'missing', { namespace }, about));
    } else if (!view.settings.revisions.includes(revision)) {
      const fix = [{ op: 'replace', path: toPointer(at(REVISION)), value: known } as const];
      const about = { path: at(REVISION), responsible: object, thing: 'injection', fix };
      findings.push(say('unknown', { revision: known }, about));
    }
    if (labelOf(object, AMBIENT) === 'ambient') findings.push(say('ambient', {}, without(object, AMBIENT)));
    return findings;
  },
});

function set(object: KubeObject, value: string) {
  return { fix: addEntries(object, ['metadata', 'labels'], { [INJECTION]: value }) };
}

function without(responsible: KubeObject, label: string) {
  const path = at(label);
  return { path, responsible, thing: label, fix: [{ op: 'remove', path: toPointer(path) } as const] };
}
