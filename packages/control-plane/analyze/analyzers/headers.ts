import type { Origin } from '@tulle/xds/resource';
import type { HeaderOperations, HeaderRules } from '../../model/istio.ts';
import type { Analyzer } from '../analyzer.ts';
import type { Message, Report } from '../message.ts';

const reserved: Message = {
  code: 'TUL1001',
  name: 'ReservedHeader',
  level: 'Warning',
  about: 'A route changes a header that proxies use between themselves, or that frames the message.',
  consequence:
    'The change is undone, or breaks what relies on the header: framing, identities, timeouts, traces.',
  remedy: 'Use another header, or the field of the route that is meant.',
};

const setAndRemoved: Message = {
  code: 'TUL1002',
  name: 'HeaderSetAndRemoved',
  level: 'Info',
  about: 'A route both removes a header and sets or adds it.',
  consequence: 'Removing comes first here, as in Envoy: the value that is set remains.',
  remedy: 'Say one of both.',
};

/** What frames messages, carries identities, or is the proxies' own. */
const ofProxies =
  /^(connection|keep-alive|transfer-encoding|content-length|upgrade|te|trailer|x-envoy-(peer-metadata.*|expected-rq-timeout-ms|attempt-count|internal|original-dst-host)|x-forwarded-client-cert)$/i;

/** Operations on headers. */
export const headers: Analyzer = {
  messages: [reserved, setAndRemoved],
  analyze({ config }, report) {
    for (const { http } of config.virtualServices)
      for (const { spec, origins } of http) {
        const origin = origins.at(-1) as Origin;
        const at = (path: string): Origin => ({ ...origin, path: `${origin.path}.${path}` });
        check(spec.headers, (path) => at(`headers.${path}`), report);
        for (const [index, one] of (spec.route ?? []).entries())
          check(one.headers, (path) => at(`route[${index}].headers.${path}`), report);
      }
  },
};

function check(rules: HeaderRules | undefined, at: (path: string) => Origin, report: Report): void {
  for (const side of ['request', 'response'] as const) {
    const operations = rules?.[side];
    if (operations !== undefined) checkSide(operations, (path) => at(`${side}.${path}`), report);
  }
}

function checkSide(
  { set = {}, add = {}, remove = [] }: HeaderOperations,
  at: (path: string) => Origin,
  report: Report,
): void {
  const removed = new Set(remove.map((name) => name.toLowerCase()));
  for (const [verb, names] of [
    ['set', Object.keys(set)],
    ['add', Object.keys(add)],
    ['remove', remove],
  ] as const)
    for (const name of names) {
      if (ofProxies.test(name)) report(reserved, at(verb), `${name} is not the application’s`);
      if (verb !== 'remove' && removed.has(name.toLowerCase()))
        report(setAndRemoved, at(verb), `${name} is removed too`);
    }
}
