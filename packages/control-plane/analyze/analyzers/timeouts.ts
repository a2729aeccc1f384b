import { parseDuration } from '@tulle/resources/schema/duration';
import type { Origin } from '@tulle/xds/resource';
import type { HttpRouteSpec } from '../../model/istio.ts';
import type { Analyzer } from '../analyzer.ts';
import type { Message } from '../message.ts';

const noTimeForRetry: Message = {
  code: 'TUL0301',
  name: 'NoTimeForRetries',
  level: 'Warning',
  about: 'The timeout of one try is not shorter than that of the whole request.',
  consequence: 'A try that hangs uses up all the time: it is never repeated.',
  remedy: 'Make retries.perTryTimeout times the attempts fit into timeout.',
};

const faultNotRetried: Message = {
  code: 'TUL0302',
  name: 'FaultIsNotRetried',
  level: 'Info',
  about: 'A route has both retries and a fault.',
  consequence:
    'Faults are injected before a request is tried: an aborted one is answered at once, a delay is no part of the timeout.',
  remedy: 'To test retries, let the service fail, or inject the fault where requests arrive.',
};

const delayBeyondTimeout: Message = {
  code: 'TUL0303',
  name: 'DelayBeyondTimeout',
  level: 'Info',
  about: 'The delay that a route injects is longer than its timeout.',
  consequence: 'The request is not timed out by the delay: the timeout counts from when it is sent on.',
  remedy: 'To test a client’s patience this does what is meant; to test the route’s own timeout it does not.',
};

const ms = (written: string | undefined): number =>
  written === undefined ? 0 : (parseDuration(written) ?? 0);

/** Times and repetitions of a route that do not fit together. */
export const timeouts: Analyzer = {
  messages: [noTimeForRetry, faultNotRetried, delayBeyondTimeout],
  analyze({ config }, report) {
    for (const { http } of config.virtualServices) {
      for (const { spec, origins } of http) {
        const origin = origins.at(-1) as Origin;
        for (const [message, path, detail] of found(spec))
          report(message, { ...origin, path: `${origin.path}.${path}` }, detail);
      }
    }
  },
};

function* found({ timeout, retries, fault }: HttpRouteSpec): Generator<readonly [Message, string, string]> {
  const whole = ms(timeout);
  const perTry = ms(retries?.perTryTimeout);
  const attempts = retries?.attempts ?? 0;
  if (whole > 0 && perTry >= whole && attempts > 0)
    yield [
      noTimeForRetry,
      'retries.perTryTimeout',
      `${retries?.perTryTimeout} of ${timeout} for the whole request`,
    ];
  if (fault?.abort !== undefined && attempts > 0)
    yield [
      faultNotRetried,
      'fault.abort',
      `what is aborted here is not repeated, whatever retries (${attempts}) say`,
    ];
  const delay = ms(fault?.delay?.fixedDelay);
  if (whole > 0 && delay >= whole)
    yield [
      delayBeyondTimeout,
      'fault.delay',
      `${fault?.delay?.fixedDelay} is not less than the timeout, ${timeout}`,
    ];
}
