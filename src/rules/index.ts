import { unreadableObject } from './ourselves/unreadable-object.ts';
import { sidecarResources } from './workloads/sidecar-resources.ts';
import { sidecarConcurrency } from './workloads/sidecar-concurrency.ts';
import { meshLabels } from './workloads/mesh-labels.ts';
import { sidecarInjected } from './workloads/sidecar-injected.ts';
import { noCaptureBypass } from './workloads/no-capture-bypass.ts';
import { noSpoofedMeshLabels } from './workloads/no-spoofed-mesh-labels.ts';
import { namespaceInjection } from './workloads/namespace-injection.ts';
import { strictMtls } from './mtls/strict-mtls.ts';
import { meshClientTls } from './mtls/mesh-client-tls.ts';
import { autoMtlsOn } from './mtls/auto-mtls-on.ts';
import { defaultDeny } from './access/default-deny.ts';
import { noAllowAll } from './access/no-allow-all.ts';
import { namedCallers } from './access/named-callers.ts';
import { jwtOnIngress } from './access/jwt-on-ingress.ts';
import { trustedIssuers } from './access/trusted-issuers.ts';
import { noDryRunAuthorization } from './access/no-dry-run-authorization.ts';
import { tierRateLimit } from './access/tier-rate-limit.ts';
import { networkPolicy } from './access/network-policy.ts';
import { boundedRetries } from './traffic/bounded-retries.ts';
import { retryConditions } from './traffic/retry-conditions.ts';
import { routeTimeout } from './traffic/route-timeout.ts';
import { retriesFitTimeout } from './traffic/retries-fit-timeout.ts';
import { timeoutOrder } from './traffic/timeout-order.ts';
import { circuitBreaker } from './traffic/circuit-breaker.ts';
import { connectionPool } from './traffic/connection-pool.ts';
import { loadBalancer } from './traffic/load-balancer.ts';
import { weightedSplit } from './traffic/weighted-split.ts';
import { pinnedRouteFirst } from './traffic/pinned-route-first.ts';
import { noFaultInjection } from './traffic/no-fault-injection.ts';
import { noRetryHeaders } from './traffic/no-retry-headers.ts';
import { hostOwnership } from './traffic/host-ownership.ts';
import { ownDestinationRule } from './traffic/own-destination-rule.ts';
import { liveObject } from './traffic/live-object.ts';
import { noInternalAnnotations } from './traffic/no-internal-annotations.ts';
import { httpDeclared } from './traffic/http-declared.ts';
import { gatewayTls } from './gateways/gateway-tls.ts';
import { gatewaySelector } from './gateways/gateway-selector.ts';
import { registeredExternalHost } from './gateways/registered-external-host.ts';
import { egressThroughGateway } from './gateways/egress-through-gateway.ts';
import { egressResilience } from './gateways/egress-resilience.ts';
import { registryOnly } from './gateways/registry-only.ts';
import { noSideExit } from './gateways/no-side-exit.ts';
import { traceSampling } from './telemetry/trace-sampling.ts';
import { telemetryOn } from './telemetry/telemetry-on.ts';
import { accessLogFormat } from './telemetry/access-log-format.ts';
import { metricDimensions } from './telemetry/metric-dimensions.ts';
import { noUnlistedExtension } from './mesh/no-unlisted-extension.ts';
import { meshConfig } from './mesh/mesh-config.ts';
import { proxyConfig } from './mesh/proxy-config.ts';
import { gatewayApiParity } from './traffic/gateway-api-parity.ts';
import { noProxyOverride } from './workloads/no-proxy-override.ts';
import { injectableAnnotations } from './workloads/injectable-annotations.ts';
import { breakGlassLeft } from './exceptions/break-glass-left.ts';
import { noUnjudgedKinds } from './gateways/no-unjudged-kinds.ts';
import type { Rule } from './rule.ts';

/** Every rule, by code; the order in which they run does not matter. To add a rule, add its file and its line here. */
export const RULES: readonly Rule[] = [
  unreadableObject,
  sidecarResources,
  sidecarConcurrency,
  meshLabels,
  sidecarInjected,
  noCaptureBypass,
  noSpoofedMeshLabels,
  namespaceInjection,
  strictMtls,
  meshClientTls,
  autoMtlsOn,
  defaultDeny,
  noAllowAll,
  namedCallers,
  jwtOnIngress,
  trustedIssuers,
  noDryRunAuthorization,
  tierRateLimit,
  networkPolicy,
  boundedRetries,
  retryConditions,
  routeTimeout,
  retriesFitTimeout,
  timeoutOrder,
  circuitBreaker,
  connectionPool,
  loadBalancer,
  weightedSplit,
  pinnedRouteFirst,
  noFaultInjection,
  noRetryHeaders,
  hostOwnership,
  ownDestinationRule,
  liveObject,
  noInternalAnnotations,
  httpDeclared,
  gatewayTls,
  gatewaySelector,
  registeredExternalHost,
  egressThroughGateway,
  egressResilience,
  registryOnly,
  noSideExit,
  traceSampling,
  telemetryOn,
  accessLogFormat,
  metricDimensions,
  noUnlistedExtension,
  meshConfig,
  proxyConfig,
  gatewayApiParity,
  noUnjudgedKinds,
  noProxyOverride,
  injectableAnnotations,
  breakGlassLeft,
];
