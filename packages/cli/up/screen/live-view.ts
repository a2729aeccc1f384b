import type { Io } from '../../io.ts';
import { note, print } from '../../io.ts';
import { palette, wantsColor } from '../../output/color.ts';
import { visible } from '../../output/visible.ts';
import { GATEWAY_WORKLOAD } from '../gateway.ts';
import type { Supervisor } from '../supervisor.ts';
import { type LiveRow, renderLiveTable } from './live-table.ts';
import type { Reporter } from './reporter.ts';
import { Screen } from './screen.ts';
import { type MeteredProxy, TrafficMeter } from './traffic-meter.ts';

const REFRESH_MS = 1000;

/** What `tulle up` shows: a live table under its messages on a terminal, the messages alone elsewhere. */
export interface View extends Reporter {
  /** From now on there is a mesh to show. */
  show(supervisor: Supervisor): void;
  close(): void;
}

/** Lines, with a table beneath them on a terminal that can redraw. */
export function openView(io: Io): View {
  const colors = palette(wantsColor(io.stdout, io.env));
  const isLive = io.stdout.isTTY === true && io.env.TERM !== 'dumb';
  let screen: Screen | undefined;
  let timer: NodeJS.Timeout | undefined;
  let draw = (): void => {};
  const line = (text: string, toStderr: boolean): void => {
    if (screen !== undefined) {
      screen.writeLine(visible(text));
      // What is told has just changed: the table must not say otherwise.
      draw();
    } else if (toStderr) note(io, text);
    else print(io, text);
  };
  return {
    info: (text) => line(text, false),
    warn: (text) => line(colors.yellow(text), true),
    error: (text) => line(colors.red(text), true),
    show(supervisor) {
      if (!isLive) return;
      screen = new Screen(io.stdout);
      const meter = new TrafficMeter(io.now);
      draw = () => {
        const table = renderLiveTable(rowsOf(supervisor, meter), colors, io.stdout.columns);
        screen?.draw(`\n${table}${colors.dim('Ctrl-C stops the mesh')}`);
      };
      const refresh = async (): Promise<void> => {
        await meter.read(proxiesOf(supervisor));
        if (screen === undefined) return;
        draw();
        timer = setTimeout(() => void refresh(), REFRESH_MS);
      };
      void refresh();
    },
    close() {
      clearTimeout(timer);
      screen?.close();
      screen = undefined;
    },
  };
}

function proxiesOf({ gateway, workloads }: Supervisor): MeteredProxy[] {
  const sidecars = (workloads?.runners ?? []).flatMap((runner) =>
    runner.instances.flatMap(({ name, ready, adminPort }) =>
      ready && adminPort !== undefined
        ? [
            {
              instance: `${runner.key}/${name}`,
              group: runner.key,
              adminPort,
              reporter: 'destination' as const,
            },
          ]
        : [],
    ),
  );
  if (!gateway?.ready) return sidecars;
  const { instance, adminPort } = gateway;
  return [{ instance, group: GATEWAY_WORKLOAD, adminPort, reporter: 'source' }, ...sidecars];
}

function rowsOf({ gateway, workloads }: Supervisor, meter: TrafficMeter): LiveRow[] {
  const rows = (workloads?.runners ?? []).map(({ key, plan, instances }): LiveRow => {
    const { app = plan.name, version = '-' } = plan.labels;
    return {
      service: plan.namespace === 'default' ? app : `${app}.${plan.namespace}`,
      version,
      instances: instances.length,
      readyInstances: instances.filter(({ ready }) => ready).length,
      restarts: instances.reduce((sum, { restarts }) => sum + restarts, 0),
      message: instances.find(({ message }) => message !== '')?.message ?? '',
      rate: meter.rate(key),
    };
  });
  rows.sort((a, b) => `${a.service} ${a.version}`.localeCompare(`${b.service} ${b.version}`, 'en'));
  if (gateway === undefined) return rows;
  const edge: LiveRow = {
    service: GATEWAY_WORKLOAD,
    version: '-',
    instances: 1,
    readyInstances: gateway.ready ? 1 : 0,
    restarts: gateway.restarts,
    message: '',
    rate: meter.rate(GATEWAY_WORKLOAD),
  };
  return [edge, ...rows];
}
