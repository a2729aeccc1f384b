import type { Origin } from '@tulle/xds/resource';
import type { Rule } from '../../model/traffic/virtual-service.ts';
import type { Analyzer } from '../analyzer.ts';
import { httpMatchCovers, l4MatchCovers } from '../covers.ts';
import type { Message, Report } from '../message.ts';

const ruleUnreachable: Message = {
  code: 'IST0130',
  name: 'VirtualServiceUnreachableRule',
  level: 'Warning',
  about: 'Earlier rules take everything that a rule of a VirtualService matches.',
  consequence: 'The rule is never used.',
  remedy: 'Move it up, before what takes its requests, or remove it.',
};

const matchUnreachable: Message = {
  code: 'IST0131',
  name: 'VirtualServiceIneffectiveMatch',
  level: 'Info',
  about: 'An earlier match takes everything that one of a rule’s matches would.',
  consequence: 'The match has no effect; the rule’s others have.',
  remedy: 'Remove the match, or move its rule up.',
};

/** Rules and matches that earlier ones leave nothing to. */
export const unreachable: Analyzer = {
  messages: [ruleUnreachable, matchUnreachable],
  analyze({ config }, report) {
    for (const { http, tls, tcp } of config.virtualServices) {
      checkRules(http, httpMatchCovers, report);
      checkRules(tls, l4MatchCovers, report);
      checkRules(tcp, l4MatchCovers, report);
    }
  },
};

interface Placed<Match> {
  readonly match: Match;
  readonly place: string;
}

/** In order: the first that matches is used. */
function checkRules<Match extends object>(
  rules: readonly Rule<{ readonly match?: readonly Match[] | undefined }>[],
  covers: (wide: Match, narrow: Match) => boolean,
  report: Report,
): void {
  const earlier: Placed<Match>[] = [];
  for (const { spec, origins } of rules) {
    const at = origins.at(-1) as Origin;
    // Without conditions it matches everything.
    const matches = spec.match?.length ? spec.match : [{} as Match];
    const takers = matches.map((match, index) => ({
      index,
      by: earlier.find((one) => covers(one.match, match)),
    }));
    const taken = takers.filter(({ by }) => by !== undefined);
    if (taken.length === matches.length)
      report(
        ruleUnreachable,
        at,
        `never reached: ${by(taken)} ${taken.length > 1 ? 'take' : 'takes'} all that it matches`,
      );
    else
      for (const { index, by: one } of taken)
        report(
          matchUnreachable,
          { ...at, path: `${at.path}.match[${index}]` },
          `never reached: ${one?.place} takes all that it matches`,
        );
    for (const [index, match] of matches.entries())
      earlier.push({ match, place: spec.match?.length ? `${at.path}.match[${index}]` : at.path });
  }
}

const by = (taken: readonly { readonly by: Placed<unknown> | undefined }[]): string =>
  [...new Set(taken.map((one) => one.by?.place))].join(' and ');
