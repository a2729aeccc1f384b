/** Prefixes, shared addresses and names of ServiceEntries, as captured applications call them. */
import { testEntries } from './captured-entries.ts';
import { describeCaptured } from './describe-captured.ts';

describeCaptured('entries, by Tulle', [], () => testEntries('tulle'));
describeCaptured('entries, by Envoy', ['envoy'], () => testEntries('envoy'));
