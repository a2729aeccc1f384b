/** The table of `traffic/` against our own proxies: sidecars and a gateway in this process. */
import { describe } from 'vitest';
import { describeTable } from './traffic/describe-table.ts';

describe('traffic management, by Tulle', () => describeTable('tulle'));
