/** All rows, by subject. */
import { action } from './rows/action.ts';
import { destination } from './rows/destination.ts';
import { match } from './rows/match.ts';
import { protocols } from './rows/protocols.ts';
import { resilience } from './rows/resilience.ts';
import { split } from './rows/split.ts';
import type { Scenario } from './scenario.ts';

export const scenarios: readonly Scenario[] = [
  ...match,
  ...action,
  ...split,
  ...resilience,
  ...protocols,
  ...destination,
];
