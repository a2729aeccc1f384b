import { z } from 'zod';
import { options } from '../schema/message.ts';
import { regexProblem } from '../schema/regex.ts';
import { checked, oneOf } from '../schema/rule.ts';

/** An RE2 expression that must match the whole value, as Istio's `regex` fields. */
export const regex = () =>
  checked(
    z.string(),
    'bad-regex',
    (pattern) => regexProblem(pattern) === undefined,
    (pattern) => `must be an RE2 regular expression: ${regexProblem(pattern)} in ${JSON.stringify(pattern)}`,
  );

/** StringMatch: exact, prefix or regex; none of them means "present" where a header is matched. */
export const stringMatch = () =>
  oneOf(
    options({
      exact: z.string().describe('The whole value.'),
      prefix: z.string().describe('How the value starts.'),
      regex: regex().describe('RE2 expression for the whole value.'),
    }),
    'exact',
    'prefix',
    'regex',
  );

export type StringMatch = z.infer<ReturnType<typeof stringMatch>>;
