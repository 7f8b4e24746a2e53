import type { ResourceAmounts, RuleSetting } from '../model/baseline.ts';
import type { Mode } from '../model/verdict.ts';

type Labels = Readonly<Record<string, string>>;

/** A gateway as the file writes it. */
export interface RawGateway {
  readonly name: string;
  readonly namespace: string;
  readonly matchLabels: Labels;
  readonly service?: string;
}

/** A service as the file writes it. */
export interface RawService {
  readonly name: string;
  readonly namespace: string;
  readonly host?: string;
  readonly timeout: string;
  readonly retries: number;
  readonly idempotentOnly?: boolean;
  readonly pool?: number;
  readonly http2MaxRequests?: number;
  readonly hashHeader?: string;
  readonly split?: readonly { readonly subset: string; readonly min: number; readonly max: number }[];
  readonly pins?: readonly { readonly header: string; readonly value: string; readonly subset: string }[];
  readonly calls?: readonly string[];
  readonly http?: boolean;
  readonly routedFrom?: readonly string[];
}

/** A rule's setting as the file writes it. */
export interface RawRuleSetting {
  readonly mode?: Mode;
  readonly onDelete?: NonNullable<RuleSetting['onDelete']>;
  readonly overrides?: readonly {
    readonly namespaces: { readonly names?: readonly string[]; readonly matchLabels?: Labels };
    readonly mode: Mode;
    readonly until: string;
    readonly reason: string;
  }[];
}

/** A baseline file that its schema has accepted. */
export interface RawBaseline {
  readonly version: string;
  readonly mesh: {
    readonly rootNamespace?: string;
    readonly clusterDomain?: string;
    readonly istioVersion: string;
    readonly revisions?: readonly string[];
    readonly namespaces?: readonly string[];
    readonly outside?: readonly string[];
    readonly proxyImages?: readonly string[];
  };
  readonly services: readonly RawService[];
  readonly otherServices: {
    readonly timeout: string;
    readonly retries: number;
    readonly pool: number;
    readonly http2MaxRequests?: number;
  };
  readonly retryOn: readonly string[];
  readonly outlierDetection: {
    readonly consecutive5xxErrors: number;
    readonly baseEjectionTime: string;
    readonly maxEjectionPercent: number;
    readonly interval: string;
    readonly minHealthPercent: number;
  };
  readonly maxTriesProduct: number;
  readonly loadBalancers: readonly string[];
  readonly sidecar: {
    readonly requests: ResourceAmounts;
    readonly limits: ResourceAmounts;
    readonly ceiling?: ResourceAmounts;
    readonly concurrency: { readonly default: number; readonly min: number; readonly max: number };
    readonly versionLabel?: string;
    readonly proxyMetadata?: readonly string[];
  };
  readonly gateways?: { readonly ingress?: readonly RawGateway[]; readonly egress?: readonly RawGateway[] };
  readonly externalHosts?: readonly string[];
  readonly ingressHosts?: readonly string[];
  readonly issuers?: readonly {
    readonly issuer: string;
    readonly jwksUri: string;
    readonly audiences: readonly string[];
  }[];
  readonly payloadHeader?: string;
  readonly databases?: readonly {
    readonly namespace: string;
    readonly matchLabels: Labels;
    readonly until: string;
    readonly reason: string;
  }[];
  readonly sampling: {
    readonly default: number;
    readonly workloads?: readonly {
      readonly namespace: string;
      readonly matchLabels: Labels;
      readonly percent: number;
    }[];
  };
  readonly telemetry?: { readonly tracingProviders?: readonly string[]; readonly dimensions?: readonly string[] };
  readonly extensions?: readonly {
    readonly kind: string;
    readonly namespace: string;
    readonly name: string;
    readonly sha256: string;
  }[];
  readonly faultNamespaces?: readonly string[];
  readonly exceptions: { readonly maxDays: number };
  readonly workloadControllers?: readonly string[];
  readonly rules?: Readonly<Record<string, RawRuleSetting>>;
}
