import { parseArgs } from 'node:util';

/** How large a mesh is. */
export interface Size {
  readonly services: number;
  /** Of all services together; as many of each. */
  readonly endpoints: number;
  /** Those of the endpoints that are sidecars with a stream. */
  readonly proxies: number;
  /** Declared by each proxy; 0: none is declared, each gets all services. */
  readonly upstreams: number;
}

export interface Plan {
  /** The smallest first. */
  readonly sizes: readonly Size[];
  /** Measured changes of each kind. */
  readonly changes: number;
}

export const usage = `npm run bench -- control-plane [--services N] [--endpoints N] [--proxies N] [--upstreams N] [--changes N] [--only]
Measures the control plane with a simulator of proxies, at a quarter, a half and the whole of the size.
  --upstreams N   each proxy declares N services; 0 (default): each gets all
  --only          the whole size alone
`;

/** @throws Error for arguments that it does not know */
export function readPlan(args: readonly string[]): Plan | 'help' {
  const { values } = parseArgs({
    args: [...args],
    options: {
      services: { type: 'string', default: '1000' },
      endpoints: { type: 'string', default: '10000' },
      proxies: { type: 'string', default: '500' },
      upstreams: { type: 'string', default: '0' },
      changes: { type: 'string', default: '20' },
      only: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) return 'help';
  const whole: Size = {
    services: count('services', values.services, 4),
    endpoints: count('endpoints', values.endpoints, 4),
    proxies: count('proxies', values.proxies, 4),
    upstreams: count('upstreams', values.upstreams, 0),
  };
  if (whole.proxies > whole.services) throw new Error('--proxies must not be more than --services');
  return {
    sizes: values.only ? [whole] : [part(whole, 4), part(whole, 2), whole],
    changes: count('changes', values.changes, 1),
  };
}

const part = (size: Size, by: number): Size => ({
  services: Math.floor(size.services / by),
  endpoints: Math.floor(size.endpoints / by),
  proxies: Math.floor(size.proxies / by),
  upstreams: size.upstreams,
});

function count(name: string, text: string, least: number): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < least)
    throw new Error(`--${name} must be a whole number ≥ ${least}, not ${text}`);
  return value;
}
