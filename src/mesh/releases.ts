import { minorOf } from '../model/istio-release.ts';
import type { MeshSettings } from './view.ts';

/**
 * What Istio answers otherwise since a minor release of Istio 1; `docs/model.md` has the same rows with their sources.
 * What is older than `KNOWN_RELEASES` stands here too where it is known.
 */
export const SINCE = {
  /** Telemetry's `disableContextPropagation`; not in the definition before, so the API server drops it. */
  contextPropagation: 30,
  /** The mesh ConfigMap's `defaultTrafficPolicy`; ignored before. */
  defaultTrafficPolicy: 31,
  /** `ALLOW_ANY_DYNAMIC_DNS`, a word that 1.30 can read and that lets nothing out there. */
  dynamicDns: 31,
  /** `~namespace/host` in a Sidecar's `egress.hosts`; refused before, but for `~/host`, which imports nothing. */
  excludedHosts: 31,
} as const;

/** One of these. */
export type Change = keyof typeof SINCE;

/** Tells whether a mesh's Istio answers in the new way; a release that cannot be read counts as the newest. */
export function answersSince({ istioVersion }: MeshSettings, change: Change): boolean {
  return minorOf(istioVersion) >= SINCE[change];
}
