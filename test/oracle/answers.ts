import type { KubeObject } from '../../src/model/kube-object.ts';

/** A proxy that is asked about. */
export interface ProxyQuestion {
  readonly kind: 'sidecar' | 'gateway';
  readonly namespace: string;
  readonly labels: Readonly<Record<string, string>>;
  /** The pod's annotation `proxy.istio.io/config`. */
  readonly proxyConfig?: string;
  /** The workload's own ports, of which it is asked what they accept. */
  readonly ports?: readonly number[];
  /** The mesh's ReferenceGrants, which our model does not know. */
  readonly grants?: readonly KubeObject[];
}

/** A mesh and the proxies that are asked about. */
export interface OracleRequest {
  /** True: the slow engine answers, which knows Gateway API. */
  readonly full?: boolean;
  readonly objects: readonly KubeObject[];
  readonly proxies: readonly ProxyQuestion[];
}

/** What Istio makes of a mesh. */
export interface OracleResponse {
  /** What istiod's own validation refuses; it is left out of the mesh. */
  readonly rejected: readonly Rejection[];
  /** One for each proxy, in their order. */
  readonly proxies: readonly ProxyAnswer[];
}

/** An object that istiod would not take. */
export interface Rejection {
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  readonly error: string;
}

/** What one proxy is sent. */
export interface ProxyAnswer {
  /** The virtual hosts of each route configuration, by its name. */
  readonly routes: Readonly<Record<string, readonly VirtualHost[]>>;
  /** By Istio's name: `outbound|port|subset|host`. */
  readonly clusters: Readonly<Record<string, ClusterAnswer>>;
  /** What each port that was asked about accepts. */
  readonly inbound: Readonly<Record<string, string>>;
  readonly authorization?: AuthorizationAnswer;
  readonly outbound?: OutboundAnswer;
  readonly egress?: EgressAnswer;
  readonly tracing: { readonly client?: TracingAnswer; readonly server?: TracingAnswer };
  /** The filter chains that pass on bytes, by the name of their listener: `address_port`. */
  readonly layer4: Readonly<Record<string, readonly Layer4Chain[]>>;
}

/** Requests that are routed alike, by the names they are for. */
export interface VirtualHost {
  readonly name: string;
  readonly domains: readonly string[];
  readonly routes: readonly RouteAnswer[];
}

/** What a proxy does with the requests that a match lets in. */
export interface RouteAnswer {
  readonly name?: string;
  readonly match: MatchAnswer;
  readonly action: 'route' | 'redirect' | 'direct';
  readonly destinations: readonly DestinationAnswer[];
  readonly mirrors: readonly DestinationAnswer[];
  readonly timeoutMs?: number;
  readonly retries?: RetriesAnswer;
  readonly hash?: readonly string[];
  readonly hasFault?: boolean;
  readonly requestHeaders?: readonly string[];
}

/** Values are `exact:x`, `prefix:x`, `regex:x` or `present`, with `not ` before. */
export interface MatchAnswer {
  readonly path: string;
  readonly ignoreCase?: boolean;
  readonly headers?: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, string>>;
}

/** A service's port and subset, with its weight. */
export interface DestinationAnswer {
  readonly host: string;
  readonly subset?: string;
  readonly port?: number;
  readonly weight?: number;
  /** Set where it is no service's. */
  readonly cluster?: string;
}

/** Absent where nothing is tried again. */
export interface RetriesAnswer {
  readonly attempts: number;
  readonly retryOn: readonly string[];
  readonly codes?: readonly number[];
  readonly perTryMs?: number;
}

/** How a proxy talks to one service, port and subset; a limit of 0 is none. */
export interface ClusterAnswer {
  readonly discovery?: string;
  readonly pool: Readonly<Record<string, number>>;
  readonly outlier?: Readonly<Record<string, number>>;
  readonly balancer: string;
  readonly transport: string;
  readonly sni?: string;
}

/** The policies in effect, as `namespace/name`, by what they do. */
export interface AuthorizationAnswer {
  readonly allow: readonly string[];
  readonly deny: readonly string[];
  readonly audit: readonly string[];
  readonly custom: readonly string[];
  readonly dryRun: readonly string[];
  readonly allowsNothing: readonly string[];
  readonly allowsAll: readonly string[];
  readonly deniesByDefault: boolean;
}

/** What happens to requests to addresses that no service is known for. */
export interface OutboundAnswer {
  readonly mode: string;
  readonly proxy?: DestinationAnswer;
}

/** How one side of a proxy traces. */
export interface TracingAnswer {
  readonly isOff: boolean;
  readonly provider: string;
  readonly percent: number;
  readonly isPropagated: boolean;
}

/** A filter chain that passes on bytes; empty lists: of any name, to any address. */
export interface Layer4Chain {
  readonly serverNames: readonly string[];
  readonly subnets: readonly string[];
  readonly destinations: readonly DestinationAnswer[];
}

/** What a sidecar listens to for its pod's own requests, and for which services. */
export interface EgressAnswer {
  /** The listeners of its Sidecar, or the one for everything; in their order. */
  readonly scopes: readonly EgressScope[];
  /** All services that it has a cluster for, those that only routes name included. */
  readonly services: readonly EgressService[];
  /** Without the one for all that no other takes. */
  readonly listeners: readonly EgressListener[];
}

/** What one egress listener of a Sidecar lets the proxy know. */
export interface EgressScope {
  /** Absent: for all ports; its number is 0 for a socket. */
  readonly port?: EgressPort;
  /** Absent: each service is listened to at its own address. */
  readonly bind?: string;
  readonly services: readonly EgressService[];
  /** The hosts of the VirtualServices, by `namespace/name`. */
  readonly routers: Readonly<Record<string, readonly string[]>>;
}

/** A port with its protocol in upper case. */
export interface EgressPort {
  readonly number: number;
  readonly protocol: string;
}

/** A service as a proxy knows it; its address may be a range, and is 0.0.0.0 where it has none. */
export interface EgressService {
  readonly host: string;
  readonly address: string;
  readonly isEntry: boolean;
  readonly isExternal: boolean;
  readonly ports: readonly EgressPort[];
}

/** A listener for outbound requests. */
export interface EgressListener {
  readonly bind: string;
  readonly port: number;
  readonly chains: readonly EgressChain[];
}

/** A sort of connection to a listener. */
export interface EgressChain extends Layer4Chain {
  /** The route configuration where it is for HTTP. */
  readonly routes?: string;
  /** The VirtualService, as `namespace/name`; absent: the service itself, or unknown. */
  readonly owner?: string;
}
