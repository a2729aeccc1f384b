import { expect, test } from 'vitest';
import { parseResources } from '../../parse.ts';

/** The problems of a policy with these fields. */
function problems(spec: string): string[] {
  const text = `apiVersion: tulle.dev/v1alpha1\nkind: RateLimitPolicy\nmetadata: { name: p }\nspec:\n${spec
    .trim()
    .split('\n')
    .map((line) => `  ${line}`)
    .join('\n')}\n`;
  const { documents } = parseResources(text);
  return documents.flatMap((document) => document.problems.map(({ path, message }) => `${path}: ${message}`));
}

test('a simple policy is accepted', () => {
  expect(
    problems('selector: { matchLabels: { app: a } }\nlimits: [{ name: all, requests: 1, per: 1s }]'),
  ).toEqual([]);
});

test.each([
  ['limits: [{ name: a, requests: 1, per: 10ms }]', 'spec.limits[0].per: must be at least 50ms, not 10ms'],
  [
    'limits: [{ name: a, requests: 1, per: 1s }, { name: a, requests: 2, per: 1m }]',
    'spec.limits[1].name: is given twice: "a"',
  ],
  [
    'limits: [{ name: a, requests: 1, per: 1s, by: [{ jwtClaim: "a..b" }] }]',
    'spec.limits[0].by[0].jwtClaim: must be a claim such as sub, org.team or [org][team], not "a..b"',
  ],
  [
    'limits: [{ name: a, requests: 1, per: 1s, by: [{ header: "a b" }] }]',
    'spec.limits[0].by[0].header: must be a header’s name, not "a b"',
  ],
  [
    'limits: [{ name: a, requests: 1, per: 1s, by: [{ header: "a%b" }] }]',
    'spec.limits[0].by[0].header: must be a header’s name without "%", not "a%b"',
  ],
  [
    'limits: [{ name: a, requests: 1, per: 1s, by: [{}] }]',
    'spec.limits[0].by[0]: must say what to count by',
  ],
  [
    'limits: [{ name: a, requests: 1, per: 1s, by: [{ method: {} }], overrides: [{ values: [a, b], requests: 1 }] }]',
    'spec.limits[0].overrides[0].values: must have a value for each item of by: 1, not 2',
  ],
  [
    'selector: {}\ntargetRefs: [{ kind: Gateway, name: g }]\nlimits: [{ name: a, requests: 1, per: 1s }]',
    'spec.targetRefs: conflicts with selector: set only one of them',
  ],
  [
    'direction: OUTBOUND\ntargetRefs: [{ kind: Gateway, name: g, sectionName: s }]\nlimits: [{ name: a, requests: 1, per: 1s }]',
    'spec.direction: has no meaning with targetRefs: it holds where the routes are',
  ],
  [
    'mode: REPORT\nenforced: { value: 10 }\nlimits: [{ name: a, requests: 1, per: 1s }]',
    'spec.enforced: has no meaning with mode: REPORT, which refuses nothing',
  ],
  [
    'response: { status: 299 }\nlimits: [{ name: a, requests: 1, per: 1s }]',
    'spec.response.status: must be a registered status of 400 or more, not 299',
  ],
  [
    'service: { timeout: 1s }\nlimits: [{ name: a, requests: 1, per: 1s }]',
    'spec.service: needs scope: MESH, the only one that asks the service',
  ],
])('%s', (spec, problem) => {
  expect(problems(spec)).toContain(problem);
});
