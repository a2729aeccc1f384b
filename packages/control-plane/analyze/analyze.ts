import type { Model } from '../model/model.ts';
import { compare, resourceKey } from '../model/origin.ts';
import { analyzers } from './analyzers.ts';
import { analyzedMesh } from './mesh.ts';
import { type Finding, levels } from './message.ts';

export interface AnalysisOptions {
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** Nothing else exists: a running mesh. Files alone may be a part of something. */
  readonly whole: boolean;
}

/** Istio's annotation: codes, or `*`, that are not to be reported about a resource. */
const suppressAnnotation = 'galley.istio.io/analyze-suppress';

/** Everything that is found, the worst first, then by resource. */
export function analyze(model: Model, options: AnalysisOptions): readonly Finding[] {
  return sorted([...analyzeInSteps(model, options)].flat());
}

/** As `analyze`, in no order; in steps, for who has other things to do. */
export function* analyzeInSteps(
  model: Model,
  { now, whole }: AnalysisOptions,
): Generator<readonly Finding[]> {
  const mesh = analyzedMesh(model, now, whole);
  for (const { analyze } of analyzers) {
    const found = new Map<string, Finding>();
    const steps = analyze(mesh, (message, origin, detail) => {
      if (isSuppressed(message.code, model.config.resources.get(resourceKey(origin))?.metadata)) return;
      found.set(`${message.code} ${resourceKey(origin)} ${origin.path} ${detail}`, {
        message,
        origin,
        detail,
      });
    });
    for (const _ of steps ?? []) yield [];
    yield [...found.values()];
  }
}

function isSuppressed(
  code: string,
  metadata: { readonly annotations?: Readonly<Record<string, string>> } | undefined,
): boolean {
  const written = metadata?.annotations?.[suppressAnnotation];
  if (written === undefined) return false;
  return written.split(',').some((one) => one.trim() === code || one.trim() === '*');
}

export function sorted(findings: readonly Finding[]): readonly Finding[] {
  return findings.toSorted(
    (a, b) =>
      levels.indexOf(a.message.level) - levels.indexOf(b.message.level) ||
      compare(resourceKey(a.origin), resourceKey(b.origin)) ||
      compare(a.origin.path, b.origin.path) ||
      compare(a.message.code, b.message.code),
  );
}
