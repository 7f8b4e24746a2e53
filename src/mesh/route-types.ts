import type { FieldPath } from '../model/field-path.ts';
import type { JsonObject } from '../model/json.ts';
import type { KubeObject } from '../model/kube-object.ts';

/** A field that decides, or that would have to be set. */
export interface Place {
  readonly object: KubeObject;
  readonly path: FieldPath;
}

/** Proxies that see a route: sidecars of a namespace, or a gateway. */
export type Viewer =
  | {
      readonly kind: 'mesh';
      /** One for all that are alike: of namespaces that nothing sets apart only the first is named. */
      readonly namespace: string;
      /** The Sidecar that says what its proxies know; absent: they know everything. */
      readonly sidecar?: KubeObject;
      /** The Service's port that is asked about; 0: a listener for all ports, where no route that asks for one fits; absent: any, as no route tells them apart. */
      readonly port?: number;
      /** Of the calling pod. `some`: whatever labels a route asks for; `none`: a pod that no selector fits. */
      readonly labels: JsonObject | 'some' | 'none';
    }
  | {
      readonly kind: 'gateway';
      /** The Gateway's `namespace/name`. */
      readonly gateway: string;
      /** Of the gateway's pods; absent: not known, and whatever is bound to the Gateway is taken for visible. */
      readonly namespace?: string;
      /** The server's; absent: any. */
      readonly port?: number;
      /** Of the gateway's pods; absent: whatever labels a route asks for. */
      readonly labels?: JsonObject;
    };

/** A viewer inside of the mesh. */
export type MeshViewer = Extract<Viewer, { readonly kind: 'mesh' }>;

/** One way of a request into a route: an entry of `match`, the root's and the delegate's merged. */
export interface RouteMatch {
  /** In the words of a VirtualService, also for an HTTPRoute. */
  readonly written: JsonObject;
  /** `mesh` or `namespace/name`; empty: all that the VirtualService is bound to. */
  readonly gateways: readonly string[];
  readonly port?: number;
  /** The methods that it lets in, in upper case; absent: it may be any. */
  readonly methods?: readonly string[];
}

/** A host that requests are sent to. */
export interface RouteHost {
  /** The full name, lower case, without a trailing dot. */
  readonly host: string;
  /** The Service's full name where `host` is one of the spellings `S.N` and `S.N.svc`. */
  readonly alias?: string;
  /** The name that Istio looks for; where no service has it to the letter, requests get 503. */
  readonly written: string;
}

/** Where a share of a route's requests goes. */
export interface RouteTarget extends RouteHost {
  readonly subset?: string;
  readonly port?: number;
  /** Percent of the route's requests, of 100 in all; 100 where there is one target. Targets with weight 0 are left out. */
  readonly sharePercent: number;
  readonly path: FieldPath;
}

/** How a route's failed requests are tried again. */
export interface RouteRetries {
  /** Retries after the first try; 0: none. Infinite where the value cannot be read. */
  readonly attempts: number;
  /** Absent: as long as the route's timeout. */
  readonly perTryTimeoutMs?: number;
  /** Conditions as Istio reads them, trimmed, without empty ones; what Istio takes by itself where none are written. Empty without retries. */
  readonly retryOn: readonly string[];
  /** `route`: a block of the route's own; `mesh`: the mesh ConfigMap's `defaultHttpRetryPolicy`; `istio`: built in. */
  readonly from: 'route' | 'mesh' | 'istio';
  /** True: the conditions stand in the block; false: they are Istio's own or the Gateway API's. */
  readonly hasOwnConditions: boolean;
  /** Where the block stands, or would have to: of the route, or of the mesh ConfigMap for a default route; absent: nowhere. */
  readonly at?: Place;
  /** Where the bound of one try stands, or would have to. */
  readonly perTryAt?: Place;
}

/** Why a VirtualService that names the host does not route it for somebody. */
export interface PassedOver extends Place {
  /**
   * `hidden`: its `exportTo` leaves them out; `foreign`: another revision's; `gateways`: not bound to `mesh`;
   * `sidecar`: a Sidecar does not import it (`object` is the Sidecar); `vanished`: no route is left, as its delegates
   * cannot be used; `narrow`: none of its matches is for them.
   */
  readonly reason: 'hidden' | 'foreign' | 'gateways' | 'sidecar' | 'vanished' | 'narrow';
}

/** One route as Istio's proxies get it: an effective `http` entry, a rule of an HTTPRoute, or the default. */
export interface Route {
  readonly kind: 'VirtualService' | 'HTTPRoute' | 'default';
  /** What owns the virtual host; absent for the default. */
  readonly root?: KubeObject;
  /** What the entry in the root hands over to; absent: nothing is handed over. */
  readonly delegate?: KubeObject;
  /** Where the entry stands that holds the destinations: in the delegate, else in the root; absent for the default. */
  readonly at?: Place;
  /** The entry in the root that names the delegate; absent without one. */
  readonly rootAt?: Place;
  /** Stable and without indexes: the entry's name, else its matches in words; unlike those of all others in its object. */
  readonly name: string;
  /** The virtual hosts that it belongs to: lower-case names as callers write them; wildcards with their asterisk. */
  readonly virtualHosts: readonly string[];
  readonly viewers: readonly [Viewer, ...Viewer[]];
  /** Any of them lets a request in; empty: every request. Only those that its viewers may fit. */
  readonly matches: readonly RouteMatch[];
  /** Absent: requests of any method may come in. */
  readonly methods?: readonly string[];
  readonly targets: readonly RouteTarget[];
  /** Take the route's timeout, are not retried. */
  readonly mirrors: readonly (RouteHost & { readonly path: FieldPath })[];
  /** Absent: none at all. */
  readonly timeoutMs?: number;
  /** Where the timeout stands, or would have to; absent for the default. */
  readonly timeoutAt?: Place;
  readonly retries: RouteRetries;
  /** Where `fault` stands; absent: none is injected. */
  readonly faultAt?: Place;
  /** For the default: what names the host and does not route it. */
  readonly passedOver: readonly PassedOver[];
}
