import { readFileSync } from 'node:fs';
import { Agent, request } from 'node:https';
import { isRecord, stringOf, valueAt } from '../../src/model/json.ts';
import { KINDS, kindOf } from '../../src/model/kind.ts';
import { type KubeObject, nameOf, namespaceOf } from '../../src/model/kube-object.ts';

/** What the API server answered. */
export interface ApiAnswer {
  readonly status: number;
  readonly body: unknown;
  /** The warnings of all webhooks, as kubectl prints them. */
  readonly warnings: readonly string[];
}

/** A method of the API server's REST interface. */
export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

/** Speaks to the API server as one user, with a connection that is kept. */
export interface Api {
  readonly call: (method: Method, path: string, body?: unknown, contentType?: string) => Promise<ApiAnswer>;
  readonly close: () => void;
}

/** Makes one from a kubeconfig that a local control plane wrote. */
export function apiOf(kubeconfig: string): Api {
  const config: unknown = JSON.parse(readFileSync(kubeconfig, 'utf8'));
  const server = stringOf(valueAt(config, ['clusters', 0, 'cluster', 'server'])) ?? '';
  const ca = stringOf(valueAt(config, ['clusters', 0, 'cluster', 'certificate-authority-data'])) ?? '';
  const token = stringOf(valueAt(config, ['users', 0, 'user', 'token'])) ?? '';
  const agent = new Agent({ keepAlive: true, ca: Buffer.from(ca, 'base64') });
  const call: Api['call'] = (method, path, body, contentType = 'application/json') =>
    new Promise((done, fail) => {
      const headers = { authorization: `Bearer ${token}`, accept: 'application/json', 'content-type': contentType };
      const ask = request(`${server}${path}`, { method, agent, headers }, (answer) => {
        const parts: string[] = [];
        answer.setEncoding('utf8').on('data', (text: string) => parts.push(text));
        answer.on('end', () => {
          const text = parts.join('');
          const warnings = warningsOf(answer.headers.warning);
          done({ status: answer.statusCode ?? 0, body: isJson(text) ? JSON.parse(text) : text, warnings });
        });
      });
      ask.on('error', fail);
      ask.end(body === undefined ? undefined : JSON.stringify(body));
    });
  return { call, close: () => agent.destroy() };
}

function isJson(text: string): boolean {
  return text.startsWith('{') || text.startsWith('[');
}

/** Reads `299 - "text", 299 - "text"`. */
function warningsOf(header: string | undefined): readonly string[] {
  return [...(header ?? '').matchAll(/299 - "((?:[^"\\]|\\.)*)"/g)].map(([, text = '']) =>
    text.replaceAll(/\\(.)/g, '$1'),
  );
}

/** Returns the REST path of an object, or of its collection; in another version where one is named. */
export function pathOf(
  object: KubeObject,
  options: { readonly collection?: boolean; readonly version?: string } = {},
): string {
  const kind = kindOf(object);
  if (kind === undefined) {
    throw new TypeError(`no known kind: ${object.apiVersion} ${object.kind}`);
  }
  const { group, resource, namespaced } = KINDS[kind];
  const version = options.version ?? object.apiVersion.split('/').at(-1) ?? '';
  const base = group === '' ? `/api/${version}` : `/apis/${group}/${version}`;
  const namespace = namespaced ? `/namespaces/${namespaceOf(object)}` : '';
  return `${base}${namespace}/${resource}${options.collection === true ? '' : `/${nameOf(object)}`}`;
}

/** Returns the codes of Meshwarden's findings in an answer: refused, and warned about as what would be refused. */
export function codesIn({ body, warnings }: ApiAnswer): {
  readonly refused: readonly string[];
  readonly warned: readonly string[];
} {
  const message = isRecord(body) && body.kind === 'Status' ? (stringOf(body.message) ?? '') : '';
  const isOurs = message.includes('meshwarden.io');
  const codes = (text: string): readonly string[] => [...text.matchAll(/\[(MW\d+)\]/g)].map(([, code = '']) => code);
  return {
    refused: [...new Set(isOurs ? codes(message) : [])].sort(),
    warned: [...new Set(warnings.flatMap(codes))].sort(),
  };
}
