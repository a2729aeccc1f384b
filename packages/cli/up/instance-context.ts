import type { ApiClient } from '../api/client.ts';
import type { Capture } from './capture/capture.ts';
import type { PortAllocator } from './ports/ports.ts';
import type { ChildRegistry } from './process/child.ts';
import type { FollowedProxySettings } from './proxy/proxy-settings.ts';
import type { RegistrationStatus } from './registration-status.ts';
import type { Reporter } from './screen/reporter.ts';
import type { ControlPlaneAddress } from './state/run-record.ts';
import type { StateDir } from './state/state-dir.ts';

/** What every instance of one run shares. */
export interface InstanceContext {
  readonly mesh: string;
  /** How a proxy is started now, as far as its Workload does not say. */
  readonly proxySettings: FollowedProxySettings['of'];
  readonly state: StateDir;
  readonly client: ApiClient;
  readonly controlPlane: () => ControlPlaneAddress;
  readonly ports: PortAllocator;
  readonly registry: ChildRegistry;
  readonly capture: Capture;
  readonly registrations: RegistrationStatus;
  readonly reporter: Reporter;
  /** The supervisor's own environment. */
  readonly env: Readonly<Record<string, string | undefined>>;
}
