import { resourceKey } from '../model/origin.ts';
import type { Finding, Message } from './message.ts';

/** `VirtualService default/reviews`; of the whole cluster `Mesh shop`. */
export function resourceName({ origin: { kind, namespace, name } }: Pick<Finding, 'origin'>): string {
  return `${kind} ${namespace === '' ? name : `${namespace}/${name}`}`;
}

/** One line: `Error [IST0101] VirtualService default/reviews spec.gateways[0]: no Gateway default/shop`. */
export function formatFinding(finding: Finding): string {
  const { message, origin, detail } = finding;
  const path = origin.path === '' ? '' : ` ${origin.path}`;
  return `${message.level} [${message.code}] ${resourceName(finding)}${path}: ${detail}`;
}

/** Where a message is explained: Istio's page where the finding is Istio's. */
export function documentationUrl({ code }: Message): string {
  const page = code.toLowerCase();
  return code.startsWith('IST')
    ? `https://istio.io/latest/docs/reference/config/analysis/${page}/`
    : `docs/reference/analysis.md#${page}`;
}

/** By `resourceKey`. */
export function byResource(findings: readonly Finding[]): ReadonlyMap<string, readonly Finding[]> {
  return Map.groupBy(findings, ({ origin }) => resourceKey(origin));
}
