import type { ProxyAnswer } from './answers.ts';
import { istioEgressWords } from './istio-egress.ts';
import { istioClusterWords, istioRouteWords, virtualHostFor, virtualHostsAt } from './istio-words.ts';
import type { Question } from './questions.ts';
import { istioLayer4 } from './questions-layer4.ts';

/** Returns Istio's answer to a question about a proxy, out of what it is sent. */
export function istioAnswer(answer: ProxyAnswer, question: Question): unknown {
  switch (question.ask) {
    case 'route': {
      const hosts = virtualHostsAt(answer, question.port, question.service) ?? [];
      return virtualHostFor(hosts, question.name)?.routes.map(istioRouteWords) ?? [];
    }
    case 'gateway route': {
      const hosts = answer.routes[question.configuration] ?? [];
      return virtualHostFor(hosts, question.name)?.routes.map(istioRouteWords) ?? [];
    }
    case 'cluster': {
      const cluster = answer.clusters[`outbound|${question.port}|${question.subset}|${question.host}`];
      return cluster === undefined ? undefined : istioClusterWords(cluster);
    }
    case 'subset':
      return answer.clusters[`outbound|${question.port}|${question.subset}|${question.host}`] !== undefined;
    case 'inbound':
      return answer.inbound[question.port];
    case 'authorization':
      return answer.authorization;
    case 'outbound':
      return answer.outbound;
    case 'egress':
      return istioEgressWords(answer, question);
    case 'layer 4':
      return istioLayer4(answer, question);
    case 'bytes':
      return question.hosts;
    case 'tracing':
      break;
  }
  return answer.tracing[question.side];
}
