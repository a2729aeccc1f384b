import { selects } from '../../model/selector.ts';

/** Who asks, and where: what a virtual service's conditions on the source are held against. */
export interface Source {
  readonly namespace: string;
  readonly labels: Readonly<Record<string, string>>;
  /** `mesh`, or the keys of the gateways that the listener belongs to. */
  readonly gateways: ReadonlySet<string>;
  /** The port that the client calls. */
  readonly port: number;
  /** Where clients mean to call; undefined: each connection says it. */
  readonly addresses?: readonly string[];
}

interface SourceConditions {
  readonly port?: number | undefined;
  readonly gateways?: readonly string[] | undefined;
  readonly sourceLabels?: Readonly<Record<string, string>> | undefined;
  readonly sourceNamespace?: string | undefined;
}

/**
 * Whether a match of HTTP can apply to this source at all; decided here, so that a proxy has only routes for itself.
 * One that names gateways is not held against labels and namespace (Istio).
 */
export function admitsSource(match: SourceConditions, source: Source): boolean {
  if (match.port && match.port !== source.port) return false;
  return match.gateways?.length ? isBoundTo(match.gateways, source) : isFrom(match, source);
}

/** The same of TCP and TLS, where all that a match says must hold (Istio). */
export function admitsConnections(match: SourceConditions, source: Source): boolean {
  if (match.port && match.port !== source.port) return false;
  if (match.gateways?.length && !isBoundTo(match.gateways, source)) return false;
  return isFrom(match, source);
}

const isBoundTo = (gateways: readonly string[], source: Source): boolean =>
  gateways.some((gateway) => source.gateways.has(gateway));

const isFrom = ({ sourceNamespace, sourceLabels = {} }: SourceConditions, source: Source): boolean =>
  (!sourceNamespace || sourceNamespace === source.namespace) && selects(sourceLabels, source.labels);
