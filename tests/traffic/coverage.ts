/** Which fields the rows are about, in which protocols, at sidecars and at gateways. */
import { type Leaf, leavesOf } from '@tulle/control-plane/compile/testing/probe';
import type { ResourceKind } from '@tulle/resources/kind';
import { kinds } from '@tulle/resources/kinds';
import { parseAllDocuments } from 'yaml';
import { elsewhere } from './elsewhere.ts';
import { meshSettings, settings } from './rows/settings.ts';
import { isBytes, type Scenario, type Step, senderOf } from './scenario.ts';

const protocols = ['http', 'http2', 'grpc', 'websocket', 'tcp', 'tls'] as const;
const places = ['sidecar', 'gateway'] as const;
type Protocol = (typeof protocols)[number];

/** The same messages as elsewhere: what they say is counted there, that they override it has rows of its own. */
const repeated = [
  /^spec\.subsets\[\]\.trafficPolicy\./,
  /^spec\.trafficPolicy\.portLevelSettings\[\]\.(?!port\.)/,
  /^spec\.ingress\[\]\.(tls|connectionPool)\./,
  /^spec\.inboundConnectionPool\./,
];

/** The kinds of traffic management: all that their specs can say is in the matrix. */
const covered = [
  'VirtualService',
  'DestinationRule',
  'Gateway',
  'ServiceEntry',
  'WorkloadEntry',
  'WorkloadGroup',
  'Sidecar',
  'ProxyConfig',
  'EnvoyFilter',
  'Mesh',
  'RateLimitPolicy',
  'BandwidthLimit',
  'ConcurrencyLimit',
  'HealthCheckPolicy',
];

export interface FieldCoverage {
  readonly kind: string;
  /** In the notation of `notEnforced`. */
  readonly field: string;
  /** Places and protocols of the rows that have it: `sidecar http`. */
  readonly ways: ReadonlySet<string>;
  /** Where it is tested instead, or why it is not. */
  readonly note: string | undefined;
}

interface Written {
  readonly kind: string;
  readonly spec: unknown;
  readonly ways: ReadonlySet<string>;
}

export function coverage(rows: readonly Scenario[]): FieldCoverage[] {
  const written = [
    ...rows.flatMap(documentsOf),
    ...settings.flatMap(documentsOf),
    ...settings.map((row): Written => ({ kind: 'Mesh', spec: meshSettings, ways: waysOf(row) })),
  ];
  return kinds
    .filter(({ kind }) => covered.includes(kind))
    .toSorted((a, b) => covered.indexOf(a.kind) - covered.indexOf(b.kind))
    .flatMap((kind) => {
      const own = written.filter((one) => one.kind === kind.kind);
      return leavesOf(kind)
        .filter(({ path }) => !repeated.some((one) => one.test(path)))
        .map((leaf) => ofField(kind, leaf, own));
    });
}

function ofField(kind: ResourceKind, { path }: Leaf, written: readonly Written[]): FieldCoverage {
  const field = path.replace(/^spec\./, '');
  const steps = field.split('.');
  const ways = new Set(written.filter(({ spec }) => holds(spec, steps)).flatMap((one) => [...one.ways]));
  const without = Object.entries({ ...kind.notEnforced, ...kind.inert });
  const inert = without.find(([other]) => isWithin(path, other))?.[1];
  const name = `${kind.kind} ${field}`;
  const said = elsewhere.find(([prefix]) => isWithin(name, prefix))?.[1];
  const note = ways.size > 0 ? undefined : (said ?? inert);
  return { kind: kind.kind, field, ways, note };
}

const isWithin = (path: string, other: string): boolean =>
  path === other || ['.', '[', ' '].some((next) => path.startsWith(other + next));

/** Whether a value has the field, anywhere in its lists and maps. */
function holds(value: unknown, [step, ...rest]: readonly string[]): boolean {
  if (step === undefined) return value !== undefined;
  if (typeof value !== 'object' || value === null) return false;
  const members = value as Record<string, unknown>;
  if (step === '*') return Object.values(members).some((one) => holds(one, rest));
  if (!step.endsWith('[]')) return holds(members[step], rest);
  const list = members[step.slice(0, -2)];
  return Array.isArray(list) && list.some((one) => holds(one, rest));
}

/** What a row is written in, and how it is sent. Each document's own words stay as they are. */
function documentsOf(row: Scenario): Written[] {
  const ways = waysOf(row);
  const applied = row.steps.flatMap((step) => (isBytes(step) ? [] : (step.applies ?? [])));
  return [...row.resources, ...applied]
    .flatMap((text) => parseAllDocuments(text).map((document) => document.toJS() as Omit<Written, 'ways'>))
    .map(({ kind, spec }) => ({ kind, spec, ways }));
}

const waysOf = ({ steps }: Scenario): ReadonlySet<string> =>
  new Set(steps.map((step) => `${placeOf(step)} ${protocolOf(step)}`));

const protocolOf = (step: Step): Protocol => (isBytes(step) ? step.kind : (step.kind ?? 'http'));
const placeOf = (step: Step): (typeof places)[number] =>
  senderOf(step) === 'gateway' ? 'gateway' : 'sidecar';

const titles = ['1.1', '2', 'gRPC', 'WS', 'TCP', 'TLS'];

/** As a page of Markdown. */
export function matrix(fields: readonly FieldCoverage[]): string {
  const heads = places.flatMap((place) => titles.map((title) => `${place} ${title}`));
  const head = `| field | ${heads.join(' | ')} | otherwise |\n|---|${heads.map(() => ':-:|').join('')}---|`;
  const line = ({ field, ways, note }: FieldCoverage): string => {
    const cells = places.flatMap((place) =>
      protocols.map((protocol) => (ways.has(`${place} ${protocol}`) ? '●' : '')),
    );
    return `| \`${field}\` | ${cells.join(' | ')} | ${note ?? ''} |`;
  };
  const sections = [...new Set(fields.map(({ kind }) => kind))].map((kind) => {
    const own = fields.filter((one) => one.kind === kind);
    return `## ${kind}\n\n${head}\n${own.map(line).join('\n')}\n`;
  });
  return `# What the shared scenarios cover

Each row of \`rows/\` is run against our engine and against Envoy. A dot says that some row has the field and sends in that
protocol, from a sidecar or through a gateway; where there is none, the last column says where the field is tested instead,
or why it can't be compared. Written by \`coverage.test.ts\` (\`UPDATE_GOLDEN=1\`).

${sections.join('\n')}`;
}
