import type { Place, Route, RouteMatch } from '../../mesh/routes.ts';
import { toPointer } from '../../model/field-path.ts';
import { type JsonObject, recordOrEmpty, recordsOf, valueAt } from '../../model/json.ts';
import type { PatchOperation } from '../../model/patch.ts';
import { areDisjoint, type Pin, pinOf } from './route-pins.ts';

/** What of a route decides whom it takes and where it leads them. */
export type Routed = Pick<Route, 'root' | 'at' | 'rootAt' | 'targets' | 'matches' | 'name'>;

/** Tells whether a match asks for a pinned header. */
export const isAsked = (match: RouteMatch, pin: Pin): boolean => ['only', 'some'].includes(pinOf(match, pin));

/** Makes the question whether a target is a host, in whatever spelling. */
export function isTo(host: string): (target: Routed['targets'][number]) => boolean {
  return (target) => target.host === host || target.alias === host;
}

/** Tells whether a route leads a pin's requests to its service, but not all of them to its subset. */
export function misleads({ targets }: Routed, host: string, { subset }: Pin): boolean {
  const mine = targets.filter(isTo(host));
  return mine.length > 0 && (mine.length < targets.length || mine.some((target) => target.subset !== subset));
}

/** Tells whether a route takes some of the requests that a later one's matches are for, and leads them elsewhere. */
export function takes(earlier: Routed, asked: readonly RouteMatch[], host: string, pin: Pin): boolean {
  if (!misleads(earlier, host, pin)) return false;
  if (earlier.matches.length === 0) return true;
  return earlier.matches.some((match) => pinOf(match, pin) !== 'none' && asked.some((one) => !areDisjoint(match, one)));
}

/** Moves an entry of a list before an earlier one. */
export function moveBefore({ object, path }: Place, before: Place): readonly PatchOperation[] {
  const value = valueAt(object, path);
  return [
    { op: 'remove', path: toPointer(path) },
    { op: 'add', path: toPointer(before.path), value },
  ];
}

/** Writes one destination in place of all: the first one's host and port with the pin's subset. */
export function leadTo({ at }: { readonly at: Place }, { subset }: Pin): readonly PatchOperation[] {
  const path = [...at.path, 'route'];
  const [first = {}] = recordsOf(valueAt(at.object, path));
  const { weight: _weight, ...target } = first;
  const destination: JsonObject = { ...recordOrEmpty(first.destination), subset };
  return [{ op: 'replace', path: toPointer(path), value: [{ ...target, destination }] }];
}
