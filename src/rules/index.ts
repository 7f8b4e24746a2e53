import { unreadableObject } from './ourselves/unreadable-object.ts';
import { strictMtls } from './mtls/strict-mtls.ts';
import { meshClientTls } from './mtls/mesh-client-tls.ts';
import { defaultDeny } from './access/default-deny.ts';
import { noAllowAll } from './access/no-allow-all.ts';
import { circuitBreaker } from './traffic/circuit-breaker.ts';
import { connectionPool } from './traffic/connection-pool.ts';
import { gatewayTls } from './gateways/gateway-tls.ts';
import type { Rule } from './rule.ts';

/** Every rule, by code; the order in which they run does not matter. To add a rule, add its file and its line here. */
export const RULES: readonly Rule[] = [
  unreadableObject,
  strictMtls,
  meshClientTls,
  defaultDeny,
  noAllowAll,
  circuitBreaker,
  connectionPool,
  gatewayTls,
];
