/** What Istio gives every route that does not say otherwise, by the words of `plain-words.ts`. */
const usual: Readonly<Record<string, string>> = {
  priority: 'DEFAULT',
  timeout: 'none',
  'retries on': 'connect-failure, refused-stream, unavailable, cancelled, retriable-status-codes',
  'retries avoid hosts that have failed': 'yes',
  'retries try other hosts at most': '5',
  retries: '2',
  clusterNotFoundResponseCode: 'service unavailable',
};

/** By what a declared upstream's own listener calls its service, `reviews:9080`: nobody has asked for it. */
const rewrite = 'host becomes';

/** Whether a fact of a route of a virtual host need not be told when the route is new. */
export const isUsual = (host: string, fact: string, value: string): boolean =>
  usual[fact] === value || (fact === rewrite && host.startsWith(`${value.split(':')[0]}.`));
