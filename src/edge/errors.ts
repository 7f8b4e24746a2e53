/** Every fault that the edge can name: the HTTP status that a caller gets, and the text. Faults of a start have no caller: 0. */
const REGISTRY = {
  BODY_NOT_JSON: [400, 'the body must be JSON; it cannot be parsed'],
  BODY_TOO_LONG: [413, 'the review is longer than {limit} bytes; make the object smaller'],
  CONTENT_TYPE: [415, 'the content type must be application/json'],
  NOT_A_REVIEW: [400, "the body must be an object of kind 'AdmissionReview'"],
  REVIEW_VERSION: [
    400,
    "`apiVersion` must be 'admission.k8s.io/v1'; set `admissionReviewVersions: [v1]` in the webhook configuration",
  ],
  REQUEST_MISSING: [400, '`request` is not set; a review must have one'],
  UID_MISSING: [400, '`request.uid` is not set; the answer must repeat it'],
  OPERATION_UNKNOWN: [400, '`request.operation` must be CREATE, UPDATE, DELETE or CONNECT'],
  OBJECT_TYPE: [400, '`request.{field}` must be an object with `apiVersion` and `kind`'],
  OBJECT_MISSING: [400, '`request.{field}` is not set; {operation} cannot be judged without it'],
  OVERLOADED: [503, 'too many reviews at once; try again'],
  TIME_OVER: [503, 'the time for this review is over; try again'],
  NO_SUCH_PATH: [404, 'there is POST /validate and POST /mutate, and nothing else'],
  OWN_FAULT: [500, 'Meshwarden could not judge this review because of a fault of its own; its log says which'],
  KUBECONFIG_UNREADABLE: [0, 'cannot read {where}: {why}; name another with --kubeconfig'],
  KUBECONFIG_NO_CLUSTER: [0, '{where} has no current context with a cluster; set one with kubectl config use-context'],
  NOT_IN_POD: [0, 'this is no pod (KUBERNETES_SERVICE_HOST is not set); name a kubeconfig with --kubeconfig'],
  KUBECONFIG_NONE: [0, 'no kubeconfig is set by KUBECONFIG or stands in ~/.kube/config; name one with --kubeconfig'],
  KUBECONFIG_NO_CONTEXT: [0, "{where} has no context '{context}'; it has: {names}"],
  BASELINE_REFUSED: [0, 'the baseline cannot be used:\n{problems}'],
  CERT_DIR_MISSING: [0, '--cert-mode {mode} needs --cert-dir, a folder with tls.crt and tls.key'],
  CERT_DIR_UNREADABLE: [0, "cannot read '{file}'; --cert-dir must hold tls.crt and tls.key"],
  CERT_NOT_PEM: [0, 'the certificate is no PEM certificate; give one'],
  KEY_NOT_PEM: [0, 'the private key is no PEM key, or it is encrypted; give a plain one'],
  CERT_KEY_MISMATCH: [0, 'the certificate and the private key do not belong together; give both of one issue'],
  CERT_ENDED: [0, 'the certificate ended on {end}; renew it'],
  SECRET_CONTENDED: [0, 'the Secret {secret} is changed by others all the time; see who writes it'],
  SECRET_REFUSED: [0, 'cannot keep certificates in the Secret {secret}: {why}; apply deploy/base, which makes it'],
  REGISTER_URL: [0, "cannot register '{url}': it must be an https URL without a path, such as https://127.0.0.1:9443"],
  PORT_IN_USE: [0, 'port {port} is in use by another process; choose another with {option}'],
  PORT_UNUSABLE: [0, 'cannot listen on port {port} of {host}: {why}; choose another with {option} or --host'],
  DEMO_CANNOT: [0, 'the demo cannot go on: {why}'],
  LIST_REFUSED: [
    0,
    'cannot list every {kind} of {server}: {why}; an audit needs the right to list all that rules read',
  ],
  NOT_SYNCED: [0, 'the API server at {server} did not list {kinds} within {seconds} seconds; see the log for why'],
} as const satisfies Record<string, readonly [status: number, text: string]>;

/** The code of a fault that the edge can name; codes are never reused. */
export type EdgeErrorCode = keyof typeof REGISTRY;

type Placeholders<Text extends string> = Text extends `${string}{${infer Name}}${infer Rest}`
  ? Name | Placeholders<Rest>
  : never;
type Details<Code extends EdgeErrorCode> = {
  readonly [Name in Placeholders<(typeof REGISTRY)[Code][1]>]: string | number;
};

/** A fault with a code of the registry; its message says what was tried, on what, and what to do. */
export class EdgeError<Code extends EdgeErrorCode = EdgeErrorCode> extends Error {
  override readonly name = 'EdgeError';
  readonly code: Code;
  /** The HTTP status that a caller gets; 0 where there is no caller. */
  readonly statusCode: number;

  constructor(code: Code, details: Details<Code>, cause?: unknown) {
    const [status, text] = REGISTRY[code];
    super(fill(text, details), cause === undefined ? {} : { cause });
    this.code = code;
    this.statusCode = status;
  }
}

function fill(text: string, details: Readonly<Record<string, string | number>>): string {
  return text.replaceAll(/\{(\w+)\}/g, (whole, name: string) => String(details[name] ?? whole));
}
