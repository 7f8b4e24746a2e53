import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseAllDocuments, stringify } from 'yaml';
import { isRecord, type JsonObject, recordOrEmpty, recordsOf, valueAt } from '../../src/model/json.ts';
import { isKubeObject, type KubeObject } from '../../src/model/kube-object.ts';

/** One case of the injector's own test data: objects before and after, and the settings that count for our model. */
export interface InjectorCase {
  readonly name: string;
  readonly pairs: readonly { readonly before: KubeObject; readonly after: KubeObject }[];
  /** The ConfigMaps of the injector and the mesh, where the case has settings of its own. */
  readonly settings: readonly KubeObject[];
  readonly nativeByDefault: boolean;
}

const CHART = { requests: { cpu: '100m', memory: '128Mi' }, limits: { cpu: '2000m', memory: '1024Mi' } };

/**
 * Reads the injector's test data from the folder of the Go module `istio.io/istio`: every input with its golden file, and
 * the further pairs that the injector's test names, with their settings and whether native sidecars are off.
 */
export function injectorCases(module: string): {
  readonly cases: readonly InjectorCase[];
  /** Inputs that the injector refuses, and so have no golden file. */
  readonly refused: readonly { readonly name: string; readonly objects: readonly KubeObject[] }[];
} {
  const folder = join(module, 'pkg/kube/inject/testdata/inject');
  const rows = rowsOf(readFileSync(join(module, 'pkg/kube/inject/inject_test.go'), 'utf8'));
  const inputs = readdirSync(folder).filter((name) => name.endsWith('.yaml') && !name.endsWith('.iop.yaml'));
  const plain = inputs
    .filter(
      (name) => existsSync(join(folder, `${name}.injected`)) && !rows.some(({ want }) => want === `${name}.injected`),
    )
    .map(
      (name): Row => ({
        in: name,
        want: `${name}.injected`,
        settings: undefined,
        flags: [],
        isNative: true,
        isTproxy: false,
      }),
    );
  const cases = [...plain, ...rows].map((row): InjectorCase => {
    const [before, after] = [objectsIn(join(folder, row.in)), objectsIn(join(folder, row.want))];
    return {
      name: row.want,
      pairs: before.flatMap((object, at) => {
        const other = after[at];
        return other === undefined ? [] : [{ before: object, after: other }];
      }),
      settings: settingsOf(row, folder),
      nativeByDefault: row.isNative,
    };
  });
  const refused = inputs
    .filter((name) => !existsSync(join(folder, `${name}.injected`)) && !rows.some((row) => row.in === name))
    .map((name) => ({ name, objects: objectsIn(join(folder, name)) }));
  return { cases, refused };
}

interface Row {
  readonly in: string;
  readonly want: string;
  readonly settings: string | undefined;
  /** What the installation is told on its command line, such as `values.global.proxy.statusPort=0`. */
  readonly flags: readonly string[];
  readonly isNative: boolean;
  readonly isTproxy: boolean;
}

/** Reads the table of the injector's test: entries that name an input and its golden file. */
function rowsOf(source: string): readonly Row[] {
  const rows = new Map<string, Row>();
  for (const [text] of source.matchAll(/^\t\t\{\n(?:\t\t\t.*\n|\n)+?\t\t\}/gm)) {
    const field = (name: string): string | undefined => new RegExp(`\\b${name}: +"([^"]+)"`).exec(text)?.[1];
    const [input, want] = [field('in'), field('want')];
    if (input === undefined || want?.endsWith('.injected') !== true || rows.has(want)) continue;
    const isNative = !text.includes('NativeSidecarModeDisabled');
    const flags = [...text.matchAll(/[`"](values\.[^`"]+)[`"]/g)].map(([, flag = '']) => flag);
    const isTproxy = text.includes('ProxyConfig_TPROXY');
    rows.set(want, { in: input, want, settings: field('inFilePath'), flags, isNative, isTproxy });
  }
  return [...rows.values()];
}

function objectsIn(file: string): readonly KubeObject[] {
  const values = parseAllDocuments(readFileSync(file, 'utf8')).map((document): unknown => document.toJS());
  const flat = (value: unknown): readonly KubeObject[] => {
    if (isRecord(value) && value.kind === 'List') return recordsOf(value.items).flatMap(flat);
    return isKubeObject(value) ? [value] : [];
  };
  return values.flatMap(flat);
}

/** Makes the ConfigMaps that the charts would make of an installation's settings, as far as our model goes. */
function settingsOf({ settings, flags, isTproxy }: Row, folder: string): readonly KubeObject[] {
  const [operator] = settings === undefined ? [] : objectsIn(join(folder, settings));
  const given = recordOrEmpty(valueAt(operator, ['spec', 'values']));
  const values = flags.reduce(withFlag, given);
  const resources = recordOrEmpty(valueAt(values, ['global', 'proxy', 'resources']));
  const proxy = {
    ...recordOrEmpty(valueAt(values, ['global', 'proxy'])),
    resources: {
      requests: { ...CHART.requests, ...recordOrEmpty(resources.requests) },
      limits: { ...CHART.limits, ...recordOrEmpty(resources.limits) },
    },
  };
  const all = { ...values, global: { ...recordOrEmpty(values.global), proxy } };
  const configMap = (name: string, data: JsonObject): KubeObject => ({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name, namespace: 'istio-system' },
    data,
  });
  const mesh = isTproxy ? [configMap('istio', { mesh: 'defaultConfig: { interceptionMode: TPROXY }' })] : [];
  const isOwn = settings !== undefined || flags.length > 0;
  const injector = configMap('istio-sidecar-injector', { config: 'policy: enabled', values: stringify(all) });
  return isOwn ? [injector, ...mesh] : mesh;
}

/** Sets what one flag says. */
function withFlag(values: JsonObject, flag: string): JsonObject {
  const [path = '', text = ''] = flag.split('=');
  const set = (here: JsonObject, [step = '', ...rest]: readonly string[]): JsonObject => ({
    ...here,
    [step]: rest.length === 0 ? text : set(recordOrEmpty(here[step]), rest),
  });
  return set(values, path.split('.').slice(1));
}
