import type { AnalyzedMesh } from './mesh.ts';
import type { Message, Report } from './message.ts';

/** Looks at a mesh for a few related mistakes: pure, and deletable with its line in `analyzers.ts`. */
export interface Analyzer {
  /** All that it can say. */
  readonly messages: readonly Message[];
  /** Yields where it may be interrupted, if it takes long in a large mesh. */
  analyze(mesh: AnalyzedMesh, report: Report): Iterable<void> | void;
}
