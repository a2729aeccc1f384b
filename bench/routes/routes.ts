import type { RouteMatcher } from '@tulle/decision/match';
import type { RoutedRequest } from '@tulle/decision/routed-request';
import { median } from '../measure/sample.ts';
import { manyHosts, manyRoutes } from './tables.ts';

/** A clock's tick is some of a choice: so many are timed together. */
const batch = 200;
const batches = 400;

/** Prints what a choice costs. */
export function benchRoutes(print: (line: string) => void): void {
  const routes = manyRoutes();
  print('1,000 routes of one virtual host: µs per choice (p50)');
  for (const [name, request] of Object.entries(routes.requests))
    print(`  ${microseconds(routes.matcher, request)}  ${name}`);
  const [few, many] = [10, 10_000].map((count) => {
    const { matcher, requests } = manyHosts(count);
    const figures = Object.values(requests).map((request) => Number(microseconds(matcher, request)));
    print(`${count.toLocaleString('en')} virtual hosts: ${figures.join(', ')} µs (first, middle, last)`);
    return median(figures);
  }) as [number, number];
  print(`10,000 against 10: ${(many / few).toFixed(2)}`);
}

/** Median over batches, each long enough for the clock. */
function microseconds(matcher: RouteMatcher, request: RoutedRequest): string {
  const random = (): number => 0;
  const times: number[] = [];
  for (let i = 0; i < batches; i++) {
    const before = performance.now();
    for (let j = 0; j < batch; j++) matcher.match(request, random);
    times.push(((performance.now() - before) * 1000) / batch);
  }
  return median(times.slice(batches / 4)).toFixed(2);
}
