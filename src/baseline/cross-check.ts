import { type FieldPath, formatPath } from '../model/field-path.ts';
import type { ResourceAmounts } from '../model/baseline.ts';
import { parseQuantity } from '../model/quantity.ts';
import { calledHost, hostOf } from './complete.ts';
import { nearest } from '../model/nearest.ts';
import type { Complaint } from './problem.ts';
import type { RawBaseline, RawService } from './raw-baseline.ts';

/** Finds what a schema cannot: references to nothing, names given twice, bounds that contradict one another. */
export function crossCheck(raw: RawBaseline): readonly Complaint[] {
  return [
    ...namespaceComplaints(raw),
    ...serviceComplaints(raw),
    ...sidecarComplaints(raw.sidecar),
    ...gatewayComplaints(raw),
    ...extensionComplaints(raw),
    ...overrideComplaints(raw),
  ];
}

function namespaceComplaints({ mesh }: RawBaseline): readonly Complaint[] {
  return (mesh.outside ?? []).flatMap((namespace, at) =>
    (mesh.namespaces ?? []).includes(namespace)
      ? [complaint(['mesh', 'outside', at], `is '${namespace}'; may not also stand in \`mesh.namespaces\``)]
      : [],
  );
}

function serviceComplaints(raw: RawBaseline): readonly Complaint[] {
  const clusterDomain = raw.mesh.clusterDomain ?? 'cluster.local';
  const hosts = raw.services.map((service) => hostOf(service, clusterDomain));
  return raw.services.flatMap((service, at) => {
    const path = ['services', at];
    const first = hosts.indexOf(hosts[at] ?? '');
    return [
      ...(first < at
        ? [
            complaint(
              [...path, 'name'],
              `is '${service.name}'; the host '${hosts[at]}' is already that of \`services[${first}]\``,
            ),
          ]
        : []),
      ...callComplaints(raw, service, path),
      ...splitComplaints(service, path),
      ...pinComplaints(service, path),
    ];
  });
}

function callComplaints(raw: RawBaseline, service: RawService, path: FieldPath): readonly Complaint[] {
  const known = [...raw.services.map(({ name }) => name), ...(raw.externalHosts ?? [])];
  return (service.calls ?? []).flatMap((call, at) => {
    if (calledHost(call, service, raw) !== undefined) return [];
    const near = nearest(call, known);
    const hint = near === undefined ? '' : `; did you mean '${near}'?`;
    return [
      complaint(
        [...path, 'calls', at],
        `is '${call}'; must be a service of this file or one of \`externalHosts\`${hint}`,
      ),
    ];
  });
}

function splitComplaints({ split }: RawService, path: FieldPath): readonly Complaint[] {
  if (split === undefined) return [];
  const complaints = split.flatMap(({ subset, min, max }, at) => [
    ...(min > max
      ? [complaint([...path, 'split', at, 'min'], `is ${min}; must be less than or equal to \`max\`, which is ${max}`)]
      : []),
    ...(split.findIndex((other) => other.subset === subset) < at
      ? [complaint([...path, 'split', at, 'subset'], `is '${subset}'; may not stand twice in a split`)]
      : []),
  ]);
  const least = split.reduce((sum, { min }) => sum + min, 0);
  const most = split.reduce((sum, { max }) => sum + max, 0);
  if (least > 100)
    complaints.push(
      complaint([...path, 'split'], `has shares of at least ${least} percent together; must be 100 or less`),
    );
  if (most < 100)
    complaints.push(
      complaint([...path, 'split'], `has shares of at most ${most} percent together; must be 100 or more`),
    );
  return complaints;
}

function pinComplaints({ split, pins }: RawService, path: FieldPath): readonly Complaint[] {
  if (split === undefined) return [];
  const subsets = split.map(({ subset }) => subset);
  return (pins ?? []).flatMap(({ subset }, at) => {
    if (subsets.includes(subset)) return [];
    const names = subsets.map((name) => `'${name}'`).join(', ');
    return [
      complaint(
        [...path, 'pins', at, 'subset'],
        `is '${subset}'; must be a subset of the service's \`split\`: ${names}`,
      ),
    ];
  });
}

function sidecarComplaints({ requests, limits, ceiling, concurrency }: RawBaseline['sidecar']): readonly Complaint[] {
  const { min, max } = concurrency;
  const value = concurrency.default;
  return [
    ...aboveComplaints('requests', requests, 'limits', limits),
    ...(ceiling === undefined ? [] : aboveComplaints('limits', limits, 'ceiling', ceiling)),
    ...(min > max
      ? [
          complaint(
            ['sidecar', 'concurrency', 'min'],
            `is ${min}; must be less than or equal to \`max\`, which is ${max}`,
          ),
        ]
      : value < min || value > max
        ? [complaint(['sidecar', 'concurrency', 'default'], `is ${value}; must be from ${min} to ${max}`)]
        : []),
  ];
}

function aboveComplaints(
  lower: string,
  low: ResourceAmounts,
  upper: string,
  high: ResourceAmounts,
): readonly Complaint[] {
  return (['cpu', 'memory'] as const).flatMap((resource) => {
    const [amount, bound] = [parseQuantity(low[resource]) ?? 0, parseQuantity(high[resource]) ?? 0];
    if (amount <= bound) return [];
    const text = `is '${low[resource]}'; must be less than or equal to \`sidecar.${upper}.${resource}\`, which is '${high[resource]}'`;
    return [complaint(['sidecar', lower, resource], text)];
  });
}

function gatewayComplaints({ gateways }: RawBaseline): readonly Complaint[] {
  return (['ingress', 'egress'] as const).flatMap((side) => {
    const all = gateways?.[side] ?? [];
    return all.flatMap(({ namespace, name }, at) => {
      const first = all.findIndex((other) => other.namespace === namespace && other.name === name);
      return first < at
        ? [complaint(['gateways', side, at, 'name'], `is '${name}'; is already that of \`gateways.${side}[${first}]\``)]
        : [];
    });
  });
}

function extensionComplaints({ extensions }: RawBaseline): readonly Complaint[] {
  const keys = (extensions ?? []).map(({ kind, namespace, name }) => `${kind} ${namespace}/${name}`);
  return keys.flatMap((key, at) => {
    const first = keys.indexOf(key);
    return first < at
      ? [complaint(['extensions', at, 'name'], `names ${key}, which \`extensions[${first}]\` already does`)]
      : [];
  });
}

function overrideComplaints({ rules }: RawBaseline): readonly Complaint[] {
  return Object.entries(rules ?? {}).flatMap(([id, { overrides }]) =>
    (overrides ?? []).flatMap(({ namespaces }, at) =>
      namespaces.names === undefined && namespaces.matchLabels === undefined
        ? [
            complaint(
              ['rules', id, 'overrides', at, 'namespaces'],
              'selects nothing; must have `names` or `matchLabels`',
            ),
          ]
        : [],
    ),
  );
}

function complaint(path: FieldPath, rest: string): Complaint {
  return { path, message: `\`${formatPath(path)}\` ${rest}` };
}
