import { humanDuration } from '@tulle/control-plane/api/shapes/human-duration';
import type { InstanceStatus, MeshStatus, ServiceStatus, WorkloadStatus } from '../api/mesh-status.ts';
import type { Palette } from './color.ts';
import { formatAgeOf } from './duration.ts';
import { fold } from './fold.ts';
import { renderFields, renderTable, type TableColumn } from './table.ts';

/** A mesh on one screen: what it is, its services, workloads and proxies. */
export function renderMeshStatus(status: MeshStatus, now: number, colors: Palette, width?: number): string {
  const { urls, pids } = status;
  const head = renderFields(
    [
      ['Mesh', `${colors.bold(status.mesh)}, trust domain ${status.trustDomain}, mTLS ${status.mtls}`],
      [
        'Gateway',
        [urls.http, urls.https].filter((url) => url !== undefined).join('  ') ||
          'no Gateway opens a port of it',
      ],
      ['API', urls.api ?? '-'],
      [
        'Running',
        `for ${formatAgeOf(status.startedAt, now)}, pid ${pids.supervisor}, control plane ${pids.controlPlane ?? 'restarting'}`,
      ],
      ['File', status.file],
      ['State', status.state],
      ['Capture', captureOf(status.proxies)],
    ],
    width,
  );
  return [
    head,
    section('Services', renderServices(status.services, colors, width), colors),
    section('Workloads', renderWorkloads(status.workloads, colors, width), colors),
    section('Proxies', renderProxies(status.proxies, now, colors, width), colors),
  ].join('\n');
}

/** With the design's honest limit of capturing by environment variables. */
function captureOf(proxies: readonly InstanceStatus[]): string {
  const sidecars = proxies.filter(({ capture }) => capture !== '-');
  const redirected = sidecars.filter(({ capture }) => capture === 'transparent').length;
  if (redirected > 0 && redirected === sidecars.length)
    return 'transparent: every application is reached through its sidecar alone';
  const limit =
    'processes of this machine can reach an application past its sidecar, on its own loopback port';
  return redirected === 0
    ? `env: ${limit}`
    : `transparent for ${redirected} of ${sidecars.length}; env for the others: ${limit}`;
}

function section(title: string, table: string, colors: Palette): string {
  return `${colors.bold(title)}\n${table}`;
}

function renderServices(services: readonly ServiceStatus[], colors: Palette, width?: number): string {
  if (services.length === 0) return '  none\n';
  const rows = services.map(({ namespace, name, ports, readyEndpoints, endpoints }) => [
    namespace,
    name,
    ports.join(', '),
    share(readyEndpoints, endpoints, colors),
  ]);
  return table(['NAMESPACE', 'NAME', 'PORTS', 'ENDPOINTS'], rows, colors, width);
}

function renderWorkloads(workloads: readonly WorkloadStatus[], colors: Palette, width?: number): string {
  if (workloads.length === 0) return '  none\n';
  const rows = workloads.map(({ namespace, name, version, readyReplicas, replicas, serviceAccount }) => [
    namespace,
    name,
    version,
    share(readyReplicas, replicas, colors),
    serviceAccount,
  ]);
  const messages = workloads.flatMap(({ messages }) =>
    messages.flatMap((message) => fold(message, (width ?? Number.POSITIVE_INFINITY) - 4)),
  );
  return [
    table(['NAMESPACE', 'NAME', 'VERSION', 'READY', 'SERVICE ACCOUNT'], rows, colors, width),
    ...messages.map((line) => `  ${colors.yellow(line)}\n`),
  ].join('');
}

const left = (ms: number): string => (ms <= 0 ? 'expired' : `${humanDuration(ms)} left`);

function renderProxies(
  proxies: readonly InstanceStatus[],
  now: number,
  colors: Palette,
  width?: number,
): string {
  if (proxies.length === 0) return '  none\n';
  const workers = proxies.some(({ workers = 1 }) => workers > 1);
  const rows = proxies.map((proxy) => [
    proxy.namespace,
    proxy.name,
    proxy.engine,
    ...(workers ? [workersOf(proxy, colors)] : []),
    configuration(proxy, colors),
    proxy.certificateExpires === undefined ? '-' : left(Date.parse(proxy.certificateExpires) - now),
    proxy.proxyPid === undefined ? '-' : String(proxy.proxyPid),
    proxy.pid === undefined ? '-' : String(proxy.pid),
    proxy.capture,
    proxy.adminAddress ?? '-',
  ]);
  const columns = [
    ...['NAMESPACE', 'NAME', 'ENGINE', ...(workers ? ['WORKERS'] : []), 'CONFIG', 'CERTIFICATE', 'PID'],
    { title: 'APP PID', optional: true },
    { title: 'CAPTURE', optional: true },
    { title: 'ADMIN', optional: true },
  ];
  return table(columns, rows, colors, width);
}

/** How many processes of a proxy serve. */
function workersOf({ workers, readyWorkers = 0 }: InstanceStatus, colors: Palette): string {
  return workers === undefined ? '-' : share(readyWorkers, workers, colors);
}

function configuration({ connected, synced, draining }: InstanceStatus, colors: Palette): string {
  if (!connected) return colors.red('not connected');
  if (draining) return colors.yellow('draining');
  return synced ? colors.green('synced') : colors.yellow('stale');
}

function share(ready: number, total: number, colors: Palette): string {
  const text = `${ready}/${total}`;
  return ready === total && total > 0
    ? colors.green(text)
    : ready === 0
      ? colors.red(text)
      : colors.yellow(text);
}

function table(
  columns: readonly (string | TableColumn)[],
  rows: readonly (readonly string[])[],
  colors: Palette,
  width: number | undefined,
): string {
  const titled = columns.map((column) => (typeof column === 'string' ? { title: column } : column));
  return renderTable(titled, rows, { heading: colors.dim, indent: '  ', width });
}
