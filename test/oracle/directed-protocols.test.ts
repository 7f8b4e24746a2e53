import t from 'tap';
import { servicesNamed } from '../../src/mesh/known-service.ts';
import { testOracle } from './client.ts';
import { CLIENT, service } from './directed.ts';
import { compare } from './mesh-case.ts';

type Port = readonly [name: string, appProtocol?: string | undefined, port?: number];

/** Ports as Services declare them. */
const PORTS: readonly Port[] = [
  ['http'],
  ['http-web'],
  ['HTTP'],
  ['httpx'],
  ['http2'],
  ['http2-a'],
  ['grpc'],
  ['grpc-web'],
  ['grpc-web-a'],
  ['https'],
  ['tls-a'],
  ['tcp'],
  ['tcp-http'],
  ['mongo'],
  ['mysql'],
  ['redis'],
  ['web'],
  ['a', 'http'],
  ['tcp', 'http'],
  ['http', 'tcp'],
  ['http', 'kubernetes.io/h2c'],
  ['http', 'kubernetes.io/ws'],
  ['http', 'kubernetes.io/wss'],
  ['http', 'example.com/odd'],
  ['a', undefined, 25],
  ['a', undefined, 53],
  ['a', undefined, 3306],
  ['a', undefined, 27017],
  ['http', undefined, 3306],
];

const oracle = await testOracle(t);
if (oracle !== undefined) {
  const declared = PORTS.map(([name, appProtocol, port], index) => ({
    name: `s${index}`,
    number: port ?? 9000 + index,
    said: [name, appProtocol, port].filter((word) => word !== undefined).join(' '),
    port: { name, protocol: 'TCP', port: port ?? 9000 + index, ...(appProtocol === undefined ? {} : { appProtocol }) },
  }));
  for (const { name, number, said, port } of declared) {
    await t.test(`a port declared as '${said}' speaks HTTP to us if it does to Istio`, async (t) => {
      const mesh = [service(name, { clusterIP: '10.0.0.9', ports: [port] })];
      const { response, view } = await compare(oracle, { objects: mesh, proxies: [CLIENT] });
      const host = `${name}.shop.svc.cluster.local`;
      const routes = response.proxies[0]?.routes ?? {};
      const istio = routes[String(number)] !== undefined || routes[`${host}:${number}`] !== undefined;
      t.equal(servicesNamed(view, host)[0]?.ports[0]?.mayBeHttp, istio);
    });
  }
}
