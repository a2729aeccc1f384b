type Labels = Readonly<Record<string, string>>;

/** Istio's canonical name of a workload: the label made for it, the recommended app labels, its own name. */
export function canonicalName(labels: Labels, workload: string): string {
  return (
    labels['service.istio.io/canonical-name'] || labels['app.kubernetes.io/name'] || labels.app || workload
  );
}

export function canonicalRevision(labels: Labels): string {
  return (
    labels['service.istio.io/canonical-revision'] ||
    labels['app.kubernetes.io/version'] ||
    labels.version ||
    'latest'
  );
}
