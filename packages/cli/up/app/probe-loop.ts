import { type ProbeAction, runProbe } from './probe.ts';

/** A probe and its pace, Kubernetes' fields in milliseconds. */
export interface Probe {
  readonly action: ProbeAction;
  readonly initialDelayMs: number;
  readonly periodMs: number;
  readonly timeoutMs: number;
  readonly successThreshold: number;
  readonly failureThreshold: number;
}

/** Until the first success a probe is run more often than its period, so that a start costs no waiting. */
const EAGER_FIRST_MS = 20;
const EAGER_LONGEST_MS = 250;

export interface ProbeLoop {
  /** Why the last run failed; undefined after a success. */
  readonly lastFailure: string | undefined;
  stop(): void;
}

/**
 * Runs a probe until stopped and reports when its verdict changes: after `successThreshold` successes or
 * `failureThreshold` failures in a row. The first verdict is reported too; before it there is none.
 */
export function startProbeLoop(
  probe: Probe,
  onVerdict: (passing: boolean, reason: string | undefined) => void,
  run: (action: ProbeAction, timeoutMs: number) => Promise<string | undefined> = runProbe,
): ProbeLoop {
  let stopped = false;
  let timer: NodeJS.Timeout;
  let verdict: boolean | undefined;
  let inARow = 0;
  let lastPassed: boolean | undefined;
  let lastFailure: string | undefined;
  let eager = EAGER_FIRST_MS;

  const once = async (): Promise<void> => {
    const failure = await run(probe.action, probe.timeoutMs);
    if (stopped) return;
    const passed = failure === undefined;
    lastFailure = failure;
    inARow = passed === lastPassed ? inARow + 1 : 1;
    lastPassed = passed;
    if (inARow >= (passed ? probe.successThreshold : probe.failureThreshold) && verdict !== passed) {
      verdict = passed;
      onVerdict(passed, failure);
    }
    if (stopped) return;
    const wait = verdict === true || passed ? probe.periodMs : Math.min(eager, probe.periodMs);
    eager = Math.min(EAGER_LONGEST_MS, eager * 1.5);
    timer = setTimeout(once, wait);
  };
  timer = setTimeout(once, probe.initialDelayMs);

  return {
    get lastFailure() {
      return lastFailure;
    },
    stop() {
      stopped = true;
      clearTimeout(timer);
    },
  };
}
