import { isAbsent, stringsOf, textOf } from '../model/json.ts';
import type { ProxyOverride } from './brought-proxy.ts';
import { entryOf, type PlacedContainer, type PodTemplate } from './pod-template.ts';
import { chartValue, plainValue, type ProxyMakings, written } from './proxy-makings.ts';

/**
 * Returns where the container that sets up the capture is not told what the pod's annotations say, or else the chart.
 * What an annotation may not say is not said here again.
 * @see https://github.com/istio/istio/blob/1.31.0/manifests/charts/istio-control/istio-discovery/files/injection-template.yaml
 */
export function changedInit(
  { container, path }: PlacedContainer,
  pod: PodTemplate,
  makings: ProxyMakings,
): readonly ProxyOverride[] {
  const args = stringsOf(container.args);
  const isComplete = args[0] === 'istio-iptables' && ['-u', '-m', '-i', '-b'].every((flag) => args.includes(flag));
  const isAsSaid = args.every((arg, at) => isInitArg(arg, args[at - 1], pod, makings));
  if (isComplete && isAsSaid) return [];
  const name = textOf(container.name);
  return [written([...path, 'args'], `${name} args`, "'istio-iptables' as the pod's annotations say")];
}

const VALUED = /^-[pzumixbdqokc]$/;
const ALONE =
  /^(?:istio-iptables|--log_output_level=[A-Za-z0-9_:,.-]*|--log_as_json|--run-validation|--skip-rule-apply|--force-apply|--native-nftables)$/;

/** What each flag's value comes from: annotations, the first that is there; or a setting of the chart. */
const SOURCES: Readonly<
  Record<string, { readonly annotations: readonly string[]; readonly setting: string; readonly byDefault: string }>
> = {
  '-i': source('includeOutboundIPRanges', 'includeIPRanges', '*'),
  '-x': source('excludeOutboundIPRanges', 'excludeIPRanges', ''),
  '-b': source('includeInboundPorts', 'includeInboundPorts', '*'),
  '-q': source('includeOutboundPorts', 'includeOutboundPorts', ''),
  '-o': source('excludeOutboundPorts', 'excludeOutboundPorts', ''),
  '-c': source('excludeInterfaces', '', ''),
  '-k': {
    annotations: ['istio.io/reroute-virtual-interfaces', 'traffic.sidecar.istio.io/kubevirtInterfaces'],
    setting: '',
    byDefault: '',
  },
};
const FIXED: Readonly<Record<string, RegExp>> = {
  '-p': /^15001$/,
  '-z': /^15006$/,
  '-u': /^1337$/,
  '-m': /^(?:REDIRECT|TPROXY)$/,
};

function source(annotation: string, setting: string, byDefault: string) {
  return { annotations: [`traffic.sidecar.istio.io/${annotation}`], setting, byDefault };
}

function isInitArg(arg: string, before: string | undefined, pod: PodTemplate, makings: ProxyMakings): boolean {
  if (before === undefined || !VALUED.test(before)) return VALUED.test(arg) || ALONE.test(arg);
  const fixed = FIXED[before];
  if (fixed !== undefined) return fixed.test(arg);
  if (before === '-d') return arg.split(',').every((port) => isLeftOut(port.trim(), pod, makings));
  const from = SOURCES[before];
  if (from === undefined) return false;
  const own = from.annotations.map((key) => entryOf(pod.annotations, key)).find((value) => value !== undefined);
  const ofChart = from.setting === '' ? undefined : chartValue(makings, 'global', 'proxy', from.setting);
  return arg === (own ?? (isAbsent(ofChart) ? from.byDefault : plainValue(ofChart)));
}

/** Ports that are not captured: the proxy's own, the chart's, and what the pod's annotations say. */
function isLeftOut(port: string, { annotations }: PodTemplate, makings: ProxyMakings): boolean {
  const proxy = (name: string): string => plainValue(chartValue(makings, 'global', 'proxy', name));
  const texts = [
    '15090,15021,15020',
    proxy('statusPort'),
    proxy('excludeInboundPorts'),
    entryOf(annotations, 'traffic.sidecar.istio.io/excludeInboundPorts') ?? '',
    entryOf(annotations, 'status.sidecar.istio.io/port') ?? '',
  ];
  return port === '' || texts.some((text) => text.split(',').some((one) => one.trim() === port));
}
