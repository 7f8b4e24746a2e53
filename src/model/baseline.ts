import type { Mode } from './verdict.ts';

/** Which namespaces something concerns: by name, or by their labels (all must match). */
export interface NamespaceSelector {
  readonly names: readonly string[];
  readonly matchLabels: Readonly<Record<string, string>>;
}

/** A service of the platform and what the document grants it. */
export interface ServiceBaseline {
  readonly name: string;
  readonly namespace: string;
  /** The full name, lower case, without a trailing dot. */
  readonly host: string;
  /** The longest that one request to it may take, retries included. */
  readonly timeoutMs: number;
  /** Retries after the first try; 0 means none. */
  readonly retries: number;
  /** True: only routes matched to idempotent methods may retry. */
  readonly idempotentOnly: boolean;
  /** The upper bound of `connectionPool.tcp.maxConnections`. */
  readonly maxConnections: number;
  /** The upper bound of `connectionPool.http.http2MaxRequests`. */
  readonly http2MaxRequests: number;
  /** The header on which requests must be hashed; absent: any allowed load balancer. */
  readonly hashHeader?: string;
  /** How traffic must be split between subsets; absent: not at all or any way. */
  readonly split?: ServiceSplit;
  /** Which header value must lead to which subset before the weighted route. */
  readonly pins: readonly { readonly header: string; readonly value: string; readonly subset: string }[];
  /** The services and external hosts that it calls: full names. */
  readonly calls: readonly string[];
  /** True: its ports must be declared as HTTP. */
  readonly http: boolean;
  /** Namespaces other than its own whose VirtualServices may route it. */
  readonly routedFrom: readonly string[];
}

/** How a service's traffic is divided: the least and the greatest share of each subset, in percent of the whole. */
export interface ServiceSplit {
  readonly subsets: readonly { readonly subset: string; readonly minPercent: number; readonly maxPercent: number }[];
}

/** A database that may still accept plaintext, until its date. */
export interface MigratingDatabase {
  readonly namespace: string;
  readonly matchLabels: Readonly<Record<string, string>>;
  /** The last day, `YYYY-MM-DD`, through its end in UTC. */
  readonly until: string;
  readonly reason: string;
}

/** A gateway workload, by the labels of its pods. */
export interface GatewayBaseline {
  readonly name: string;
  readonly namespace: string;
  readonly matchLabels: Readonly<Record<string, string>>;
  /** The full name of its Service. */
  readonly host: string;
}

/** Four amounts in Kubernetes' quantity grammar. */
export interface ResourceAmounts {
  readonly cpu: string;
  readonly memory: string;
}

/** One rule's mode, with overrides by namespace. */
export interface RuleSetting {
  readonly mode?: Mode;
  /** What a DELETE that breaks the rule gets; absent: as the rule says. */
  readonly onDelete?: 'refuse' | 'warn';
  /** The first that fits counts; past its date an override no longer does. */
  readonly overrides: readonly {
    readonly namespaces: NamespaceSelector;
    readonly mode: Mode;
    readonly until: string;
    readonly reason: string;
  }[];
}

/** The document as data: every number that a rule compares with. Completed with defaults; nothing in it is optional by accident. */
export interface Baseline {
  readonly version: string;
  /** SHA-256 of the file's bytes, lower-case hex. */
  readonly sha256: string;
  readonly mesh: {
    readonly rootNamespace: string;
    readonly clusterDomain: string;
    /** Istio's minor release, such as `1.31`. */
    readonly istioVersion: string;
    /** The values of `istio.io/rev` that this mesh's istiod answers to. */
    readonly revisions: readonly string[];
    /** Namespaces that are mesh namespaces whatever their labels say. */
    readonly namespaces: readonly string[];
    /** Namespaces that are never mesh namespaces: the control plane's, the gateways', Kubernetes' own. */
    readonly outside: readonly string[];
    /** Images that the injector may put in as proxy, as prefixes up to the tag or digest. */
    readonly proxyImages: readonly string[];
  };
  readonly services: readonly ServiceBaseline[];
  /** What a service that is not listed gets. */
  readonly otherServices: {
    readonly timeoutMs: number;
    readonly retries: number;
    readonly maxConnections: number;
    readonly http2MaxRequests: number;
  };
  readonly retryOn: readonly string[];
  readonly outlierDetection: {
    readonly maxConsecutive5xxErrors: number;
    readonly minBaseEjectionMs: number;
    readonly maxEjectionPercent: number;
    readonly maxIntervalMs: number;
    readonly maxMinHealthPercent: number;
  };
  /** The greatest product of tries along a path of the call graph. */
  readonly maxTriesProduct: number;
  readonly loadBalancers: readonly string[];
  readonly sidecar: {
    readonly requests: ResourceAmounts;
    readonly limits: ResourceAmounts;
    /** Limits may not be above. */
    readonly ceiling: ResourceAmounts;
    readonly concurrency: { readonly value: number; readonly min: number; readonly max: number };
    /** What `version` gets where nothing better is known. */
    readonly versionLabel: string;
    /** Keys of `proxyMetadata` that a pod may set. */
    readonly proxyMetadata: readonly string[];
  };
  readonly gateways: { readonly ingress: readonly GatewayBaseline[]; readonly egress: readonly GatewayBaseline[] };
  /** External hosts by exact name or `*.suffix`. */
  readonly externalHosts: readonly string[];
  /** Partial wildcards that ingress servers may name, such as `*.llmoptimizer.example`. */
  readonly ingressHosts: readonly string[];
  readonly issuers: readonly {
    readonly issuer: string;
    readonly jwksUri: string;
    readonly audiences: readonly string[];
  }[];
  readonly payloadHeader: string;
  readonly databases: readonly MigratingDatabase[];
  readonly sampling: {
    readonly defaultPercent: number;
    readonly workloads: readonly {
      readonly namespace: string;
      readonly matchLabels: Readonly<Record<string, string>>;
      readonly percent: number;
    }[];
  };
  readonly telemetry: { readonly tracingProviders: readonly string[]; readonly dimensions: readonly string[] };
  /** EnvoyFilters, WasmPlugins and TrafficExtensions that may be there, by the SHA-256 of their spec's canonical JSON. */
  readonly extensions: readonly {
    readonly kind: string;
    readonly namespace: string;
    readonly name: string;
    readonly sha256: string;
  }[];
  /** Namespaces in which `fault` may be injected. */
  readonly faultNamespaces: readonly string[];
  readonly exceptions: { readonly maxDays: number };
  /** Users whose pods, made from an approved template, are warned about and not refused. */
  readonly workloadControllers: readonly string[];
  readonly rules: Readonly<Record<string, RuleSetting>>;
}
