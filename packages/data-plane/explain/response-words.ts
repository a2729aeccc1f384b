import { Headers } from '@tulle/decision/headers';
import type { Outcome, Routing } from './decision.ts';
import type { ExplainedOutcome, ExplainedResponse } from './explanation.ts';

/** What the proxy says in every answer; it says nothing of this one. */
const usual =
  /^(?:date|server|content-(?:length|type)|location|connection|transfer-encoding|grpc-(?:status|message)|x-envoy-(?:upstream-service-time|decorator-operation|peer-metadata(?:-id)?))$/;

/** What stands for a field of the endpoint's own. */
const own = 'the endpoint’s own';

/** What becomes of an answer's header fields, found out by giving the proxy one: without fields, then with each that it may change. */
export function responseWords(
  outcome: Outcome,
  routing: Routing | undefined,
): Pick<ExplainedOutcome, 'response'> {
  if (outcome.reply !== undefined) {
    const fields = [...outcome.reply.headers].filter(([name]) => !usual.test(name));
    return told({ setHeaders: Object.fromEntries(fields), addedHeaders: {}, removedHeaders: [] });
  }
  const bare = outcome.answered(new Headers());
  if (bare === undefined) return {};
  const names = new Set([...namesIn(bare), ...removable(outcome, routing)]);
  const full = outcome.answered(withOwn(names)) ?? bare;
  const setHeaders: Record<string, string> = {};
  const addedHeaders: Record<string, string> = {};
  const removedHeaders: string[] = [];
  for (const name of names) {
    const values = [...full].filter((field) => field[0] === name).map(([, value]) => value);
    const given = values.filter((value) => value !== own).join(', ');
    if (values.length === 0) removedHeaders.push(name);
    else if (given === '') continue;
    else if (values.includes(own)) addedHeaders[name] = given;
    else setHeaders[name] = given;
  }
  return told({ setHeaders, addedHeaders, removedHeaders });
}

const namesIn = (headers: Headers): string[] =>
  [...headers].map(([name]) => name).filter((name) => !usual.test(name));

function withOwn(names: Iterable<string>): Headers {
  const headers = new Headers();
  for (const name of names) headers.add(name, own);
  return headers;
}

/** What some step of the route takes away where it is. */
function removable({ info }: Outcome, { table, choice }: Partial<Routing> = {}): string[] {
  const action = choice?.route.action;
  const clusters = action?.kind === 'forward' ? action.clusters : [];
  const weighted = clusters.find(({ name }) => name === info.cluster);
  return [weighted, choice?.route, choice?.virtualHost, table].flatMap(
    (step) => step?.responseHeaders.remove ?? [],
  );
}

function told(response: ExplainedResponse): Pick<ExplainedOutcome, 'response'> {
  const { setHeaders, addedHeaders, removedHeaders } = response;
  const changes = Object.keys(setHeaders).length + Object.keys(addedHeaders).length + removedHeaders.length;
  return changes === 0 ? {} : { response };
}
