import { connect, isIPv6 } from 'node:net';
import { networkInterfaces } from 'node:os';
import { CONFIGURATION_NAMES } from '../../report/webhook-configurations.ts';
import { EdgeError } from '../errors.ts';
import { kubectl, mustKubectl } from '../cluster/kubectl.ts';

const CONFIGURATIONS = [
  `validatingwebhookconfiguration/${CONFIGURATION_NAMES.validating}`,
  `mutatingwebhookconfiguration/${CONFIGURATION_NAMES.mutating}`,
];

/** Puts a cluster of a person's own back to how it was found. */
export type PutBack = () => Promise<void>;

/**
 * Looks at a cluster of a person's own before anything is made in it, and returns what removes all that will have been
 * made: webhook configurations first, then namespaces with everything in them, then the CRDs that were not there.
 * @throws EdgeError where something of the demo's names is there already; then nothing has been touched.
 */
export async function guardGivenCluster(kubeconfig: string, namespaces: readonly string[]): Promise<PutBack> {
  const wanted = [...namespaces.map((name) => `namespace/${name}`), ...CONFIGURATIONS];
  const there = lines(await mustKubectl(kubeconfig, ['get', ...wanted, '--ignore-not-found', '-o', 'name']));
  const types = await istioTypes(kubeconfig);
  const halfInstalled = types.length > 0 && !types.some((name) => name.includes('/virtualservices.'));
  const found = halfInstalled ? [...there, ...types] : there;
  if (found.length > 0) {
    const names = found.map((name) => name.replace(/^(\w+)[\w.]*\//, '$1 ')).join(', ');
    const why = `the cluster has ${names} already, and what was there before is not touched; give a cluster without them, or leave out --kubeconfig`;
    throw new EdgeError('DEMO_CANNOT', { why });
  }
  return async () => {
    const remove = (...names: readonly string[]): Promise<unknown> =>
      kubectl(kubeconfig, ['delete', ...names, '--ignore-not-found', '--timeout=120s']);
    await remove(...CONFIGURATIONS);
    await remove(...namespaces.map((name) => `namespace/${name}`));
    const made = (await istioTypes(kubeconfig)).filter((name) => !types.includes(name));
    if (made.length > 0) await remove(...made);
    const left = [
      ...lines((await kubectl(kubeconfig, ['get', ...wanted, '--ignore-not-found', '-o', 'name'])).stdout),
      ...(await istioTypes(kubeconfig)).filter((name) => !types.includes(name)),
    ];
    if (left.length === 0) return;
    throw new EdgeError('DEMO_CANNOT', {
      why: `it could not remove ${left.join(', ')}; remove them with kubectl delete`,
    });
  };
}

async function istioTypes(kubeconfig: string): Promise<readonly string[]> {
  const all = lines((await kubectl(kubeconfig, ['get', 'customresourcedefinitions', '-o', 'name'])).stdout);
  return all.filter((name) => name.endsWith('.istio.io'));
}

function lines(text: string): readonly string[] {
  return text.split('\n').filter((line) => line !== '');
}

/**
 * Returns the addresses of this machine by which an API server may reach it, the likeliest first: the one from which it
 * is reached itself, then all others, such as that of the bridge between this machine and its containers.
 */
export async function ownAddresses(kubeconfig: string): Promise<readonly string[]> {
  const path = 'jsonpath={.clusters[0].cluster.server}';
  const server = URL.parse(await mustKubectl(kubeconfig, ['config', 'view', '--minify', '-o', path]));
  const towards = server === null ? undefined : await addressTowards(server);
  const others = Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .filter(({ internal, family }) => !internal && family === 'IPv4')
    .map(({ address }) => address);
  return [...new Set([...(towards === undefined ? [] : [towards]), ...others])];
}

function addressTowards({ hostname, port }: URL): Promise<string | undefined> {
  return new Promise((done) => {
    const host = hostname.replace(/^\[|\]$/g, '');
    const socket = connect({ host, port: port === '' ? 443 : Number(port), timeout: 5000 }, () => {
      const address = socket.localAddress?.replace(/^::ffff:/, '');
      done(address !== undefined && isIPv6(address) ? undefined : address);
      socket.destroy();
    });
    for (const event of ['error', 'timeout']) {
      socket.on(event, () => {
        done(undefined);
        socket.destroy();
      });
    }
  });
}
