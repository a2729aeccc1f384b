import { type LogToken, tokensOf } from '@tulle/data-plane/telemetry/log-format';
import type { AccessLog, JsonFormat } from '@tulle/decision/tables/access-log';

/** `REQ(:PATH)`: how an operator is called here, whatever the case of its field. */
export const operatorName = ({ name, argument }: Exclude<LogToken, string>): string =>
  argument === undefined ? name : `${name}(${argument.toUpperCase()})`;

/** All operators of a format. */
export function operatorsOf(format: AccessLog['format']): ReadonlySet<string> {
  const texts = format.kind === 'text' ? [format.text] : [...textsOf(format.fields)];
  const tokens = texts.flatMap((text) => tokensOf(text));
  return new Set(tokens.flatMap((token) => (typeof token === 'string' ? [] : [operatorName(token)])));
}

function* textsOf(fields: JsonFormat): Iterable<string> {
  for (const value of Object.values(fields)) {
    if (typeof value === 'string') yield value;
    else yield* textsOf(value);
  }
}
