import type { Origin } from '@tulle/xds/resource';
import type { Analyzer } from '../analyzer.ts';
import type { AnalyzedMesh } from '../mesh.ts';
import type { Message } from '../message.ts';

type Labels = Readonly<Record<string, string>>;

const noWorkloads: Message = {
  code: 'IST0127',
  name: 'NoMatchingWorkloadsFound',
  level: 'Warning',
  about: 'The selector of a resource matches no workload of its namespace.',
  consequence: 'The resource does nothing.',
  remedy:
    'Correct the labels, or start the workload; selectors only reach their own namespace, but those of tulle-system.',
};

/** Where each kind has the labels that it selects by. */
const selectorOf: Readonly<Record<string, { readonly path: string; read(spec: Spec): Labels | undefined }>> =
  {
    Sidecar: { path: 'spec.workloadSelector', read: ({ workloadSelector }) => workloadSelector?.labels },
    ServiceEntry: { path: 'spec.workloadSelector', read: ({ workloadSelector }) => workloadSelector?.labels },
    DestinationRule: {
      path: 'spec.workloadSelector',
      read: ({ workloadSelector }) => workloadSelector?.matchLabels,
    },
    EnvoyFilter: { path: 'spec.workloadSelector', read: ({ workloadSelector }) => workloadSelector?.labels },
    PeerAuthentication: { path: 'spec.selector', read: ({ selector }) => selector?.matchLabels },
    RequestAuthentication: { path: 'spec.selector', read: ({ selector }) => selector?.matchLabels },
    ProxyConfig: { path: 'spec.selector', read: ({ selector }) => selector?.matchLabels },
    RateLimitPolicy: { path: 'spec.selector', read: ({ selector }) => selector?.matchLabels },
    ConcurrencyLimit: { path: 'spec.selector', read: ({ selector }) => selector?.matchLabels },
    BandwidthLimit: { path: 'spec.selector', read: ({ selector }) => selector?.matchLabels },
  };

interface Spec {
  readonly workloadSelector?: { readonly labels?: Labels; readonly matchLabels?: Labels };
  readonly selector?: { readonly matchLabels?: Labels };
}

/** Labels written as `app=a, version=v1`. */
export const shownLabels = (labels: Labels): string =>
  Object.entries(labels)
    .map(([name, value]) => `${name}=${value}`)
    .join(', ');

/** Selectors that select nothing. */
export const selectors: Analyzer = {
  messages: [noWorkloads],
  analyze(mesh, report) {
    if (!mesh.knows.workloads) return;
    for (const [kind, { path, read }] of Object.entries(selectorOf))
      for (const { namespace, spec, at } of mesh.resources<Spec>(kind))
        check(mesh, namespace, read(spec) ?? {}, at(path));

    function check({ selected }: AnalyzedMesh, namespace: string, labels: Labels, origin: Origin): void {
      if (Object.keys(labels).length === 0 || selected(namespace, labels).length > 0) return;
      report(noWorkloads, origin, `no workload of namespace ${namespace} has ${shownLabels(labels)}`);
    }
  },
};
