import { isPreflight, preflightAnswer, responseFields } from '@tulle/decision/cors';
import type { CorsRule } from '@tulle/decision/tables/cors';
import { FilterStatus, type HttpFilter } from '../filter.ts';
import type { FilterKind } from '../filter-kind.ts';

/** What the answer is to say; undefined: nothing. */
interface State {
  answer: Readonly<Record<string, string>> | undefined;
}

export const corsFilter: FilterKind = {
  typeUrl: 'type.googleapis.com/envoy.extensions.filters.http.cors.v3.Cors',
  create(_config, { random }) {
    const filter: HttpFilter<State> = {
      byRoute: true,
      start: () => ({ answer: undefined }),
      decodeHeaders({ method, headers }, _end, stream, state) {
        const origin = headers.get('origin');
        if (!origin) return FilterStatus.Continue;
        const rule = stream.routeConfig() as CorsRule | undefined;
        // As Envoy: only what is forwarded, so neither redirects nor direct responses.
        if (rule === undefined || stream.route()?.route.action.kind !== 'forward')
          return FilterStatus.Continue;
        if (random() * 1_000_000 >= rule.fraction) return FilterStatus.Continue;
        const fields = isPreflight(method, headers) ? preflightAnswer(rule, origin, headers) : undefined;
        if (fields !== undefined)
          return stream.reply({ status: 200, body: '', details: 'cors_response', headers: fields });
        if (rule.allowsOrigin(origin)) state.answer = responseFields(rule, origin);
        return FilterStatus.Continue;
      },
      encodeHeaders({ headers }, _end, _stream, { answer }) {
        for (const name in answer) headers.set(name, answer[name] as string);
        return FilterStatus.Continue;
      },
    };
    return filter as HttpFilter;
  },
};
