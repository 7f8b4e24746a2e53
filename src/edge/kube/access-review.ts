import { recordOrEmpty } from '../../model/json.ts';
import type { Requester } from '../../model/change.ts';
import type { ApiClient } from './api-client.ts';

/** A right to except: one rule in one namespace; the empty namespace is the whole cluster. */
export interface ExemptRight {
  readonly rule: string;
  readonly namespace: string;
}

/**
 * Asks the API server whether a person may except a rule in a namespace: verb `exempt`, group `meshwarden.io`, resource
 * `rules`, named by the rule's id. An answer that is no clear yes is a no.
 * @throws ApiError when the API server does not answer within the time.
 * @see https://kubernetes.io/docs/reference/kubernetes-api/authorization-resources/subject-access-review-v1/
 */
export async function mayExempt(
  client: ApiClient,
  { username, groups, uid, extra }: Requester,
  { rule, namespace }: ExemptRight,
  timeoutMs?: number,
): Promise<boolean> {
  const body = {
    apiVersion: 'authorization.k8s.io/v1',
    kind: 'SubjectAccessReview',
    spec: {
      user: username,
      groups,
      ...(uid === undefined ? {} : { uid }),
      ...(extra === undefined ? {} : { extra }),
      resourceAttributes: { verb: 'exempt', group: 'meshwarden.io', resource: 'rules', name: rule, namespace },
    },
  };
  const review = await client.post('/apis/authorization.k8s.io/v1/subjectaccessreviews', body, timeoutMs);
  return recordOrEmpty(review.status).allowed === true;
}
