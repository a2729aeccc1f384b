import type { AnalyzedMesh } from './mesh.ts';
import type { Message, Report } from './message.ts';

/** Looks at a mesh for a few related mistakes: pure, and deletable with its line in `analyzers.ts`. */
export interface Analyzer {
  /** All that it can say. */
  readonly messages: readonly Message[];
  analyze(mesh: AnalyzedMesh, report: Report): void;
}
