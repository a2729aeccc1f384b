import type { Writable } from 'node:stream';
import type { Bootstrap } from './bootstrap.ts';
import type { Engine } from './engine.ts';

export interface ProxyOptions {
  readonly bootstrap: Bootstrap;
  readonly log: (message: string) => void;
  /** Where access logs for /dev/stdout and /dev/stderr go. */
  readonly stdout: Writable;
  readonly stderr: Writable;
  /** Ends the wait for an identity. */
  readonly signal: AbortSignal;
  /** `/quitquitquit` was asked for. */
  readonly onQuit: () => void;
}

export interface RunningProxy {
  readonly engine: Engine;
  readonly adminPort: number;
  /** Identity, configuration and listeners are there. */
  readonly ready: Promise<void>;
  /** Finishes what is open, says goodbye to the control plane, ends. */
  drain(): Promise<void>;
  /** Ends at once; the control plane takes it for lost. */
  close(): Promise<void>;
}
