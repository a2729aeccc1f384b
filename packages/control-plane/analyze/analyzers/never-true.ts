import { type Pattern, parsePattern } from '@tulle/decision/regex-syntax';
import type { Origin } from '@tulle/xds/resource';
import type { HttpMatch, L4Match } from '../../model/istio.ts';
import { selects } from '../../model/selector.ts';
import { meshGateway, type VirtualService } from '../../model/traffic/virtual-service.ts';
import type { Analyzer } from '../analyzer.ts';
import { stringCovers } from '../covers.ts';
import type { AnalyzedMesh } from '../mesh.ts';
import type { Message, Report } from '../message.ts';

const neverTrue: Message = {
  code: 'TUL0201',
  name: 'MatchNeverTrue',
  level: 'Warning',
  about: 'No request can fulfil a match.',
  consequence: 'The rule is not used by it.',
  remedy:
    'Paths begin with / and have no query; methods are upper case; a regular expression is for the whole string.',
};

const noSource: Message = {
  code: 'TUL0202',
  name: 'MatchSourceNotFound',
  level: 'Warning',
  about:
    'A match is for callers that do not exist: no workload has the labels, or there is no such namespace.',
  consequence: 'It never matches.',
  remedy: 'Correct sourceLabels or sourceNamespace.',
};

const noPort: Message = {
  code: 'TUL0203',
  name: 'MatchPortNotFound',
  level: 'Warning',
  about: 'A match is for a port by which no request comes: neither the hosts nor the gateways have it.',
  consequence: 'It never matches.',
  remedy: 'It is the port of the Service, or of the Gateway’s server, that callers use.',
};

/** Matches that nothing fulfils. */
export const neverMatching: Analyzer = {
  messages: [neverTrue, noSource, noPort],
  analyze(mesh, report) {
    for (const service of mesh.config.virtualServices) {
      const ports = portsOf(mesh, service);
      for (const { spec, origins } of service.http)
        for (const [index, match] of (spec.match ?? []).entries()) {
          const at = placeIn(origins.at(-1) as Origin, index);
          for (const [path, detail] of impossible(match)) report(neverTrue, at(path), detail);
        }
      for (const { spec, origins } of [...service.http, ...service.tls, ...service.tcp])
        for (const [index, match] of (spec.match ?? []).entries())
          checkSource(mesh, match, ports, placeIn(origins.at(-1) as Origin, index), report);
    }
  },
};

const placeIn =
  (origin: Origin, index: number) =>
  (path: string): Origin => ({ ...origin, path: `${origin.path}.match[${index}].${path}` });

/** Paths of what can't be, and why. */
function* impossible({
  uri,
  method,
  scheme,
  headers = {},
  withoutHeaders = {},
}: HttpMatch): Generator<readonly [string, string]> {
  for (const kind of ['exact', 'prefix'] as const) {
    const written = uri?.[kind];
    if (written === undefined || written === '') continue;
    if (!written.startsWith('/') && written !== '*')
      yield [`uri.${kind}`, `${written}: every path begins with /`];
    else if (/[?#]/.test(written))
      yield [`uri.${kind}`, `${written}: the query is no part of the path; use queryParams`];
  }
  if (uri?.regex !== undefined && !canBeginWith(uri.regex, '/'))
    yield ['uri.regex', `${uri.regex}: every path begins with /, and this matches whole paths`];
  if (method?.exact !== undefined && method.exact !== method.exact.toUpperCase())
    yield ['method.exact', `${method.exact}: methods are told apart by case, and are upper case`];
  if (scheme?.exact !== undefined && !/^(https?|wss?)$/.test(scheme.exact))
    yield ['scheme.exact', `${scheme.exact}: schemes are http and https`];
  for (const [name, match] of Object.entries(headers)) {
    const barred = withoutHeaders[name];
    if (barred !== undefined && stringCovers(barred, match))
      yield [`withoutHeaders.${name}`, `${name} must and must not be so`];
  }
}

/** True where it can't be told. */
function canBeginWith(regex: string, char: string): boolean {
  const pattern = parsePattern(regex);
  if (pattern === undefined) return true;
  return beginning(pattern, char.codePointAt(0) ?? 0) !== 'no';
}

/** Whether a pattern can begin with a character; `empty`: it can be nothing at all. */
function beginning(pattern: Pattern, code: number): 'yes' | 'no' | 'empty' {
  switch (pattern.kind) {
    case 'chars': {
      const { set } = pattern;
      for (let i = 0; i < set.length; i += 2)
        if (code >= (set[i] as number) && code <= (set[i + 1] as number)) return 'yes';
      return 'no';
    }
    case 'sequence': {
      for (const item of pattern.items) {
        const first = beginning(item, code);
        if (first !== 'empty') return first;
      }
      return 'empty';
    }
    case 'choice': {
      const all = pattern.items.map((item) => beginning(item, code));
      return all.includes('yes') ? 'yes' : all.includes('empty') ? 'empty' : 'no';
    }
    case 'repeat': {
      const first = pattern.max === 0 ? 'empty' : beginning(pattern.item, code);
      return first === 'no' && pattern.min === 0 ? 'empty' : first;
    }
  }
}

function checkSource(
  { knows, workloads, namespaces }: AnalyzedMesh,
  { sourceLabels = {}, sourceNamespace = '', port }: HttpMatch | L4Match,
  ports: ReadonlySet<number> | undefined,
  at: (path: string) => Origin,
  report: Report,
): void {
  if (
    knows.workloads &&
    Object.keys(sourceLabels).length > 0 &&
    !workloads.some(({ labels }) => selects(sourceLabels, labels))
  )
    report(
      noSource,
      at('sourceLabels'),
      `no workload has ${Object.entries(sourceLabels)
        .map((pair) => pair.join('='))
        .join(', ')}`,
    );
  if (knows.namespaces && sourceNamespace !== '' && !namespaces.has(sourceNamespace))
    report(noSource, at('sourceNamespace'), `there is no namespace ${sourceNamespace}`);
  if (port && ports !== undefined && !ports.has(port))
    report(noPort, at('port'), `${port} is none of ${[...ports].join(', ') || 'no port'}`);
}

/** By which requests can come; undefined: not all are known. */
function portsOf(
  { config, knows }: AnalyzedMesh,
  { hosts, gateways, namespace }: VirtualService,
): ReadonlySet<number> | undefined {
  const found = new Set<number>();
  for (const name of gateways) {
    if (name === meshGateway) {
      for (const host of hosts) {
        const service = config.services.visible(host, namespace);
        if (service === undefined || !knows.hosts) return undefined;
        for (const { number } of service.ports) found.add(number);
      }
      continue;
    }
    const gateway = config.gateways.find(({ key }) => key === name);
    if (gateway === undefined) return undefined;
    for (const { spec } of gateway.servers) found.add(spec.port.number);
  }
  return found;
}
