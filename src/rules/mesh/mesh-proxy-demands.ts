import { settingAt } from '../../mesh/mesh-text.ts';
import { protoWhole } from '../../mesh/proxy-config.ts';
import { isAbsent, type JsonObject, recordOrEmpty, stringOf } from '../../model/json.ts';
import type { Facts } from '../rule.ts';
import type { Complaint } from './mesh-demands.ts';

/**
 * Settings that every proxy may get from the mesh: those that a pod may set for itself, and those by which the chart tells
 * it where it is. `tracing.sampling` is MW601's.
 */
const ALLOWED: ReadonlySet<string> = new Set([
  'holdApplicationUntilProxyStarts',
  'drainDuration',
  'terminationDrainDuration',
  'readinessProbe',
  'proxyStatsMatcher',
  'extraStatTags',
  'tracing',
  'meshId',
  'image',
]);

/** Returns what is wrong with `defaultConfig`, which every proxy gets that says nothing itself. */
export function proxyDemands(config: JsonObject, facts: Facts): readonly Complaint[] {
  const { value } = settingAt(config, ['defaultConfig']);
  return Object.entries(recordOrEmpty(value)).flatMap(([key, setting]): readonly Complaint[] => {
    const name = key.replaceAll(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
    const about = { keys: ['defaultConfig', key], value: setting };
    if (isAbsent(setting) || ALLOWED.has(name)) return [];
    if (name === 'concurrency') return concurrency(about, facts);
    if (name === 'discoveryAddress') return discoveryAddress(about, facts);
    if (name === 'proxyMetadata') return metadata(about, facts);
    return [{ ...about, demand: 'be left out: the baseline lets no proxy have it' }];
  });
}

type About = Pick<Complaint, 'keys' | 'value'>;

function concurrency(about: About, { baseline }: Facts): readonly Complaint[] {
  const { min, max } = baseline.sidecar.concurrency;
  const count = protoWhole(about.value);
  if (count !== undefined && count >= min && count <= max) return [];
  const magnitude = count === undefined || count === 0 ? Number.MAX_SAFE_INTEGER : count;
  return [{ ...about, demand: `be from ${min} to ${max}`, magnitude }];
}

/** The chart writes the address of its own istiod here; any other would tell the proxies what to do in its place. */
function discoveryAddress(about: About, { baseline }: Facts): readonly Complaint[] {
  const { rootNamespace, clusterDomain } = baseline.mesh;
  const [host = '', port = ''] = (stringOf(about.value) ?? '').split(':');
  const [name = '', ...rest] = host.split('.');
  const isIstiod = name === 'istiod' || name.startsWith('istiod-');
  const isOurs = [`${rootNamespace}.svc`, `${rootNamespace}.svc.${clusterDomain}`].includes(rest.join('.'));
  if (isIstiod && isOurs && /^1501[02]$/.test(port)) return [];
  return [
    { ...about, demand: `be the istiod of namespace '${rootNamespace}', such as 'istiod.${rootNamespace}.svc:15012'` },
  ];
}

function metadata({ keys, value }: About, { baseline }: Facts): readonly Complaint[] {
  return Object.entries(recordOrEmpty(value)).flatMap(([name, setting]): readonly Complaint[] =>
    isAbsent(setting) || baseline.sidecar.proxyMetadata.includes(name)
      ? []
      : [
          {
            keys: [...keys, name],
            value: setting,
            demand: "be left out, or be listed by the baseline's `sidecar.proxyMetadata`",
          },
        ],
  );
}
