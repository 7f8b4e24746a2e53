import { HttpMethod, KubeConfig, RequestContext } from '@kubernetes/client-node';
import { type Dispatcher, fetch } from 'undici';
import { isRecord, type JsonObject, recordOrEmpty } from '../../model/json.ts';
import { EdgeError } from '../errors.ts';

/** An answer of the API server that is no success; `code` is its HTTP status, 0 when there was no answer. */
export class ApiError extends Error {
  readonly code: number;

  constructor(code: number, message: string, cause?: unknown) {
    super(message, { cause });
    this.name = 'ApiError';
    this.code = code;
  }
}

/** What Meshwarden asks of an API server, raw JSON in and out; one keep-alive pool for all calls but watches. */
export interface ApiClient {
  /** The server's address, for messages. */
  readonly server: string;
  readonly get: (path: string) => Promise<JsonObject>;
  /** `timeoutMs`: for who cannot wait as long as others. */
  readonly post: (path: string, body: object, timeoutMs?: number) => Promise<JsonObject>;
  readonly put: (path: string, body: object) => Promise<JsonObject>;
  /** Server-side apply under a field manager of our own. */
  readonly apply: (path: string, body: object, fieldManager: string) => Promise<JsonObject>;
  readonly remove: (path: string) => Promise<JsonObject>;
  /**
   * Reads a watch until it ends; resolves when the server closes it.
   * @throws ApiError when the watch cannot be opened, breaks, or is silent for longer than bookmarks take.
   */
  readonly watch: (path: string, reader: WatchReader) => Promise<void>;
}

/** Told what a watch brings; an error that it throws ends the watch. */
export interface WatchReader {
  readonly signal: AbortSignal;
  readonly onOpen: () => void;
  readonly onEvent: (type: string, object: JsonObject) => void;
}

/**
 * Makes a client from a kubeconfig file, or from the pod's service account when none is named.
 * @throws EdgeError when there is no usable configuration.
 */
export function apiClient(kubeconfig: string | undefined): ApiClient {
  const config = new KubeConfig();
  if (kubeconfig === undefined && !process.env.KUBERNETES_SERVICE_HOST) throw new EdgeError('NOT_IN_POD', {});
  const where = kubeconfig === undefined ? 'the service account of this pod' : `the kubeconfig '${kubeconfig}'`;
  try {
    if (kubeconfig === undefined) config.loadFromCluster();
    else config.loadFromFile(kubeconfig);
  } catch (cause) {
    throw new EdgeError('KUBECONFIG_UNREADABLE', { where, why: messageOf(cause) }, cause);
  }
  return clientOf(config, where);
}

/**
 * Makes a client as kubectl would: from the file named, else `KUBECONFIG`, `~/.kube/config`, or the pod's service account;
 * in its current context, or another of its contexts.
 * @throws EdgeError when there is no usable configuration or no such context.
 */
export function userClient({
  kubeconfig,
  contextName,
}: {
  readonly kubeconfig?: string;
  readonly contextName?: string;
}): ApiClient {
  const config = new KubeConfig();
  const where = kubeconfig === undefined ? 'your kubeconfig' : `the kubeconfig '${kubeconfig}'`;
  try {
    if (kubeconfig === undefined) config.loadFromDefault();
    else config.loadFromFile(kubeconfig);
  } catch (cause) {
    throw new EdgeError('KUBECONFIG_UNREADABLE', { where, why: messageOf(cause) }, cause);
  }
  if (kubeconfig === undefined && config.getCurrentCluster()?.server === GUESSED_SERVER) {
    throw new EdgeError('KUBECONFIG_NONE', {});
  }
  if (contextName !== undefined) {
    const names = config.getContexts().map(({ name }) => name);
    if (!names.includes(contextName)) {
      throw new EdgeError('KUBECONFIG_NO_CONTEXT', { where, context: contextName, names: names.join(', ') || 'none' });
    }
    config.setCurrentContext(contextName);
  }
  return clientOf(config, where);
}

/** What the library makes up where it finds nothing: https://github.com/kubernetes-client/javascript/blob/2.0.1/src/config.ts */
const GUESSED_SERVER = 'http://localhost:8080';

function clientOf(config: KubeConfig, where: string): ApiClient {
  const cluster = config.getCurrentCluster();
  if (cluster === null) throw new EdgeError('KUBECONFIG_NO_CLUSTER', { where });
  return new Client(config, cluster.server.replace(/\/$/, ''));
}

type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

const CALL_TIMEOUT_MS = 10_000;
/** Bookmarks come about once a minute on a watch that is alive; silence for longer than two means a dead connection. */
const WATCH_SILENCE_MS = 150_000;

class Client implements ApiClient {
  readonly server: string;
  readonly #config: KubeConfig;
  #dispatcher: Dispatcher | undefined;

  constructor(config: KubeConfig, server: string) {
    this.#config = config;
    this.server = server;
  }

  readonly get = (path: string): Promise<JsonObject> => this.#call('GET', path);
  readonly post = (path: string, body: object, timeoutMs = CALL_TIMEOUT_MS): Promise<JsonObject> =>
    this.#call('POST', path, { body, timeoutMs });
  readonly put = (path: string, body: object): Promise<JsonObject> => this.#call('PUT', path, { body });
  readonly remove = (path: string): Promise<JsonObject> => this.#call('DELETE', path);
  readonly apply = (path: string, body: object, fieldManager: string): Promise<JsonObject> => {
    const query = `fieldManager=${encodeURIComponent(fieldManager)}&force=true`;
    return this.#call('PATCH', `${path}?${query}`, { body, contentType: 'application/apply-patch+yaml' });
  };

  readonly watch = async (path: string, { signal, onOpen, onEvent }: WatchReader): Promise<void> => {
    const silence = new AbortController();
    const timer = setTimeout(() => silence.abort(), WATCH_SILENCE_MS).unref();
    try {
      const response = await this.#fetch('GET', path, { signal: AbortSignal.any([signal, silence.signal]) });
      if (!response.ok || response.body === null) throw await errorOf(response);
      onOpen();
      const decoder = new TextDecoder();
      let rest = '';
      for await (const bytes of response.body) {
        timer.refresh();
        const lines = `${rest}${decoder.decode(bytes, { stream: true })}`.split('\n');
        rest = lines.pop() ?? '';
        for (const line of lines) {
          const event: unknown = JSON.parse(line);
          if (isRecord(event)) onEvent(String(event.type), recordOrEmpty(event.object));
        }
      }
    } catch (error) {
      throw asApiError(error, this.server);
    } finally {
      clearTimeout(timer);
    }
  };

  async #call(
    method: Method,
    path: string,
    options: { readonly body?: object; readonly contentType?: string; readonly timeoutMs?: number } = {},
  ): Promise<JsonObject> {
    const { body, contentType = 'application/json', timeoutMs = CALL_TIMEOUT_MS } = options;
    try {
      const response = await this.#fetch(method, path, {
        signal: AbortSignal.timeout(timeoutMs),
        ...(body === undefined ? {} : { body: JSON.stringify(body), contentType }),
      });
      if (!response.ok) throw await errorOf(response);
      return recordOrEmpty(await response.json());
    } catch (error) {
      throw asApiError(error, this.server);
    }
  }

  async #fetch(
    method: Method,
    path: string,
    options: { readonly signal: AbortSignal; readonly body?: string; readonly contentType?: string },
  ): ReturnType<typeof fetch> {
    const url = `${this.server}${path}`;
    // The library's own client opens one connection a call; its authentication is used, its transport is kept.
    const context = new RequestContext(url, HttpMethod.GET);
    await this.#config.applySecurityAuthentication(context);
    this.#dispatcher ??= context.getDispatcher();
    const headers: Record<string, string> = { ...context.getHeaders(), accept: 'application/json' };
    if (options.contentType !== undefined) headers['content-type'] = options.contentType;
    return fetch(url, {
      method,
      headers,
      signal: options.signal,
      ...(options.body === undefined ? {} : { body: options.body }),
      ...(this.#dispatcher === undefined ? {} : { dispatcher: this.#dispatcher }),
    });
  }
}

async function errorOf(response: Awaited<ReturnType<typeof fetch>>): Promise<ApiError> {
  const text = await response.text();
  let message = text.slice(0, 300);
  try {
    const status: unknown = JSON.parse(text);
    if (isRecord(status) && typeof status.message === 'string') message = status.message;
  } catch {
    // Not a Status object: a proxy between answers in its own words.
  }
  return new ApiError(response.status, message);
}

function asApiError(error: unknown, server: string): ApiError {
  return error instanceof ApiError ? error : new ApiError(0, `no answer from ${server}: ${messageOf(error)}`, error);
}

function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { cause } = error;
  const inner = cause instanceof Error ? ((cause as { readonly code?: string }).code ?? cause.message) : '';
  return inner === '' ? error.message : `${error.message} (${inner})`;
}
