import type { Writable } from 'node:stream';
import type { Bootstrap } from './bootstrap.ts';
import type { Engine } from './engine.ts';
import type { GateOptions } from './overload/gate.ts';
import type { ParentLink } from './workers/parent-link.ts';

export interface ProxyOptions {
  readonly bootstrap: Bootstrap;
  readonly log: (message: string) => void;
  /** Where access logs for /dev/stdout and /dev/stderr go. */
  readonly stdout: Writable;
  readonly stderr: Writable;
  /** Ends the wait for an identity. */
  readonly signal: AbortSignal;
  /** Who started us as one of its workers; absent: this process is the whole proxy and nobody takes over from it. */
  readonly parent?: ParentLink;
  /** What this process may take. */
  readonly capacity?: Pick<GateOptions, 'maxConnections' | 'readHeap'>;
  /** A successor serves and what was open here is over. */
  readonly onRetired?: () => void;
  /** `/quitquitquit` was asked for. */
  readonly onQuit: () => void;
}

export interface RunningProxy {
  readonly engine: Engine;
  /** Undefined where another worker answers for this one. */
  readonly adminPort: number | undefined;
  /** Identity, configuration and listeners are there. */
  readonly ready: Promise<void>;
  /** Finishes what is open, says goodbye to the control plane, ends. */
  drain(): Promise<void>;
  /** Ends at once; the control plane takes it for lost. */
  close(): Promise<void>;
}
