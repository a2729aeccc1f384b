import type { Command } from 'commander';
import type { Io } from '../io.ts';

/** A command: its arguments, options, examples and action are in a file of its own, loaded when it is used. */
export interface CommandEntry {
  readonly name: string;
  readonly summary: string;
  readonly group: 'Run a mesh' | 'Change a mesh' | 'Look into a mesh' | 'Join a mesh' | 'Other';
  readonly load: () => Promise<{ define(command: Command, io: Io): void }>;
}

export const commands: readonly CommandEntry[] = [
  {
    name: 'up',
    group: 'Run a mesh',
    summary: 'start a mesh from a file and stay with it',
    load: () => import('./up.ts'),
  },
  { name: 'down', group: 'Run a mesh', summary: 'stop a mesh', load: () => import('./down.ts') },
  {
    name: 'restart-proxy',
    group: 'Run a mesh',
    summary: 'replace proxies while they serve',
    load: () => import('./restart-proxy.ts'),
  },
  {
    name: 'status',
    group: 'Run a mesh',
    summary: 'services, workloads, proxies, certificates',
    load: () => import('./status.ts'),
  },
  {
    name: 'apply',
    group: 'Change a mesh',
    summary: 'create or change resources from files',
    load: () => import('./apply.ts'),
  },
  { name: 'delete', group: 'Change a mesh', summary: 'delete resources', load: () => import('./delete.ts') },
  {
    name: 'validate',
    group: 'Change a mesh',
    summary: 'check files, without a mesh',
    load: () => import('./validate.ts'),
  },
  { name: 'get', group: 'Look into a mesh', summary: 'list resources', load: () => import('./get.ts') },
  {
    name: 'describe',
    group: 'Look into a mesh',
    summary: 'one resource in detail',
    load: () => import('./describe.ts'),
  },
  {
    name: 'proxy-status',
    group: 'Look into a mesh',
    summary: 'what each proxy has been sent and has accepted',
    load: () => import('./proxy-status.ts'),
  },
  {
    name: 'proxy-config',
    group: 'Look into a mesh',
    summary: 'the configuration that a proxy really has',
    load: () => import('./proxy-config.ts'),
  },
  {
    name: 'explain',
    group: 'Look into a mesh',
    summary: 'what a proxy does with a request, step by step, and why',
    load: () => import('./explain.ts'),
  },
  {
    name: 'diff',
    group: 'Look into a mesh',
    summary: 'what a change of resources would change in behaviour',
    load: () => import('./diff.ts'),
  },
  {
    name: 'analyze',
    group: 'Look into a mesh',
    summary: 'what is wrong across resources, of files or a mesh',
    load: () => import('./analyze.ts'),
  },
  {
    name: 'logs',
    group: 'Look into a mesh',
    summary: "a workload's output, or its proxy's access log",
    load: () => import('./logs.ts'),
  },
  {
    name: 'run',
    group: 'Join a mesh',
    summary: 'run a command as a member of the mesh',
    load: () => import('./run.ts'),
  },
  {
    name: 'register',
    group: 'Join a mesh',
    summary: 'add a workload that something else runs',
    load: () => import('./register.ts'),
  },
  {
    name: 'deregister',
    group: 'Join a mesh',
    summary: 'take such a workload out again',
    load: () => import('./deregister.ts'),
  },
  {
    name: 'proxy',
    group: 'Join a mesh',
    summary: 'run one proxy of the mesh by itself',
    load: () => import('./proxy.ts'),
  },
  {
    name: 'rate-limit-service',
    group: 'Other',
    summary: 'count requests for all proxies of a mesh',
    load: () => import('./rate-limit-service.ts'),
  },
  {
    name: 'version',
    group: 'Other',
    summary: 'versions of the command and of the running mesh',
    load: () => import('./version.ts'),
  },
];
