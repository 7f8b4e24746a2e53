import type { AdmissionRequest } from '../../model/admission-review.ts';
import { isAbsent, isRecord, type JsonObject, recordOrEmpty, stringOf, stringsOf } from '../../model/json.ts';
import { isKubeObject, type KubeObject } from '../../model/kube-object.ts';
import { EdgeError } from '../errors.ts';

/** The only version of AdmissionReview that is spoken; the webhook configurations say so too. */
export const REVIEW_VERSION = 'admission.k8s.io/v1';

const OPERATIONS = new Set(['CREATE', 'UPDATE', 'DELETE', 'CONNECT']);

/**
 * Checks an AdmissionReview by hand and returns its request.
 * @throws EdgeError, status 400, that names what the review lacks.
 */
export function readReview(body: unknown): AdmissionRequest {
  if (!isRecord(body) || body.kind !== 'AdmissionReview') throw new EdgeError('NOT_A_REVIEW', {});
  if (body.apiVersion !== REVIEW_VERSION) throw new EdgeError('REVIEW_VERSION', {});
  const { request } = body;
  if (!isRecord(request)) throw new EdgeError('REQUEST_MISSING', {});
  const uid = stringOf(request.uid);
  if (uid === undefined || uid === '') throw new EdgeError('UID_MISSING', {});
  const operation = stringOf(request.operation);
  if (operation === undefined || !OPERATIONS.has(operation)) throw new EdgeError('OPERATION_UNKNOWN', {});
  const subResource = stringOf(request.subResource) ?? '';
  const object = readObject(request, 'object');
  const oldObject = readObject(request, 'oldObject');
  // Without these the answer could only be a guess, and a guess would be a way around every rule.
  if (subResource === '' && operation !== 'CONNECT') {
    if (object === undefined && operation !== 'DELETE') {
      throw new EdgeError('OBJECT_MISSING', { field: 'object', operation });
    }
    if (oldObject === undefined && operation !== 'CREATE') {
      throw new EdgeError('OBJECT_MISSING', { field: 'oldObject', operation });
    }
  }
  return {
    uid,
    // Checked above against the four that there are.
    operation: operation as AdmissionRequest['operation'],
    kind: readKind(request.kind),
    resource: readResource(request.resource),
    subResource,
    name: stringOf(request.name) ?? '',
    namespace: stringOf(request.namespace) ?? '',
    userInfo: readUser(recordOrEmpty(request.userInfo)),
    dryRun: request.dryRun === true,
    object,
    oldObject,
  };
}

function readObject(request: JsonObject, field: 'object' | 'oldObject'): KubeObject | undefined {
  const value = request[field];
  if (isAbsent(value)) return undefined;
  if (!isKubeObject(value)) throw new EdgeError('OBJECT_TYPE', { field });
  return value;
}

function readKind(value: unknown): AdmissionRequest['kind'] {
  const { group, version, kind } = recordOrEmpty(value);
  return { group: stringOf(group) ?? '', version: stringOf(version) ?? '', kind: stringOf(kind) ?? '' };
}

function readResource(value: unknown): AdmissionRequest['resource'] {
  const { group, version, resource } = recordOrEmpty(value);
  return { group: stringOf(group) ?? '', version: stringOf(version) ?? '', resource: stringOf(resource) ?? '' };
}

function readUser(value: JsonObject): AdmissionRequest['userInfo'] {
  const uid = stringOf(value.uid);
  const extra = recordOrEmpty(value.extra);
  const keys = Object.keys(extra);
  return {
    username: stringOf(value.username) ?? '',
    groups: stringsOf(value.groups),
    ...(uid === undefined ? {} : { uid }),
    ...(keys.length === 0 ? {} : { extra: Object.fromEntries(keys.map((key) => [key, stringsOf(extra[key])])) }),
  };
}
