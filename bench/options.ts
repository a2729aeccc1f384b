import { parseArgs } from 'node:util';

export interface BenchOptions {
  /** Names of scenarios; all when empty. */
  readonly scenarios: readonly string[];
  readonly rounds: number;
  /** Of a closed loop; an open one takes as long. */
  readonly seconds: number;
  readonly idleConnections: number;
  /** Rounds that were noisy are repeated at most so often in all, per scenario. */
  readonly repeats: number;
}

export const usage = `npm run bench -- [--quick] [--rounds N] [--seconds N] [--scenario NAME]…
Compares Tulle's data plane with Envoy, HAProxy and nginx; writes bench/results/latest.json and latest.md.
       npm run bench -- routes: what choosing a route costs, by the size of tables
       npm run bench -- filters: what filters and changes of fields cost a request
       npm run bench -- control-plane, sidecar-memory: what many services cost each of the two; --help says more
`;

/** @throws Error for arguments that it does not know */
export function readOptions(args: readonly string[]): BenchOptions | 'help' {
  const { values } = parseArgs({
    args: [...args],
    options: {
      quick: { type: 'boolean', default: false },
      rounds: { type: 'string' },
      seconds: { type: 'string' },
      scenario: { type: 'string', multiple: true, default: [] },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) return 'help';
  const { quick } = values;
  const rounds = positive('rounds', values.rounds, quick ? 1 : 5);
  return {
    scenarios: values.scenario,
    rounds,
    seconds: positive('seconds', values.seconds, quick ? 1 : 4),
    idleConnections: 9_000,
    repeats: quick ? 0 : rounds,
  };
}

function positive(name: string, text: string | undefined, otherwise: number): number {
  if (text === undefined) return otherwise;
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1)
    throw new Error(`--${name} must be a whole number ≥ 1, not ${text}`);
  return value;
}
