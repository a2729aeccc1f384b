/** What a row stands for in one world: its words, its documents, whom its senders call. */
import type { PortAllocator } from '../../packages/cli/up/ports/ports.ts';
import { type Certificates, digestsOf, type Pair } from './certificates.ts';
import { filled, service, type Words } from './documents.ts';
import type { Echo } from './echo.ts';
import { namespace } from './members.ts';
import { type From, isBytes, type Scenario, type Step, senderOf } from './scenario.ts';

export const defaultUrl = 'http://$host/';

export interface RowPlan {
  readonly row: Scenario;
  /** Unique in the world. */
  readonly name: string;
  readonly words: Words;
  readonly documents: readonly string[];
}

interface Around {
  readonly ports: PortAllocator;
  readonly outside: readonly Echo[];
  readonly certificates: Certificates;
  /** Port of a rate limit service. */
  readonly limiter: number;
  /** Of the gateway of `network-2`, and of a sidecar behind it. */
  readonly eastwest: number;
  readonly far: number;
}

export async function planFor(
  row: Scenario,
  index: number,
  { ports, outside, certificates, limiter, eastwest, far }: Around,
): Promise<RowPlan> {
  const name = `s${index}`;
  const [first, second] = outside.map((one) => one.ports) as [Echo['ports'], Echo['ports']];
  const words: Words = {
    name,
    host: `${name}.${namespace}.svc.cluster.local`,
    edge: `${name}.edge.test`,
    outside: `${name}.outside.test`,
    limiter: String(limiter),
    eastwest: String(eastwest),
    far: String(far),
    certs: certificates.folder,
    ...digestsOf(certificates.pairs.get('visitor') as Pair),
    port: String(await ports.take()),
    port2: String(await ports.take()),
    http: String(first.http),
    https: String(first.https),
    h2c: String(first.h2c),
    tcp: String(first.tcp),
    tls: String(first.tls),
    http2nd: String(second.http),
    tls2nd: String(second.tls),
  };
  return { row, name, words, documents: [service, ...row.resources].map((text) => filled(text, words)) };
}

/** What a sender of the rows calls, each once. */
export function upstreamsOf(
  from: From,
  plans: Iterable<RowPlan>,
): readonly { readonly host: string; readonly port: number }[] {
  const called = new Map<string, { host: string; port: number }>();
  for (const { row, words } of plans) {
    for (const step of [...row.steps, ...(row.differs?.steps ?? [])]) {
      if (senderOf(step) !== from) continue;
      const { hostname: host, port } = new URL(filled(targetOf(step), words));
      called.set(`${host}:${port}`, { host, port: Number(port || 80) });
    }
  }
  return [...called.values()];
}

const targetOf = (step: Step): string => (isBytes(step) ? `tcp://${step.to}` : (step.url ?? defaultUrl));
