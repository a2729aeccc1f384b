/** All rows, by subject. */
import { action } from './rows/action.ts';
import { match } from './rows/match.ts';
import { split } from './rows/split.ts';
import type { Scenario } from './scenario.ts';

export const scenarios: readonly Scenario[] = [...match, ...action, ...split];
