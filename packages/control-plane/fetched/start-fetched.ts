import type { Clock } from '@tulle/xds/clock';
import type { NameServers } from '../gateway-names/resolve-name.ts';
import { startNames } from '../gateway-names/start-names.ts';
import { byUrl, startKeys } from '../issuer-keys/start-keys.ts';
import { type GatewayNames, gatewayNamesOf } from '../model/mesh/networks.ts';
import type { Model } from '../model/model.ts';
import { type KeySets, keySourcesOf } from '../model/security/request-authentication.ts';

/** Why the last try to fetch something failed; undefined: it did not. */
export interface Failures {
  /** Of an issuer's keys. */
  key(url: string): string | undefined;
  /** Of a network gateway's name. */
  name(name: string): string | undefined;
}

/** What models need that only others know. */
export interface FetchedValues {
  /** Asked for when something is in them that was not before. */
  want(model: Model): void;
  readonly values: { keySets(): KeySets; gatewayNames(): GatewayNames };
  readonly failures: Failures;
  close(): void;
}

export function startFetched({
  onKeys,
  onNames,
  onChange,
  nameServers,
  ...setting
}: {
  readonly stateDir: string;
  readonly clock: Clock;
  readonly nameServers?: NameServers | undefined;
  /** There are other keys, */
  readonly onKeys: () => void;
  /** or other addresses, */
  readonly onNames: () => void;
  /** or something to be said of either. */
  readonly onChange: () => void;
  readonly onError: (error: unknown) => void;
}): FetchedValues {
  const told = (tell: () => void) => (isNew: boolean) => {
    if (isNew) tell();
    onChange();
  };
  const keys = startKeys({ ...setting, onChange: told(onKeys) });
  const names = startNames({ ...setting, nameServers, onChange: told(onNames) });
  return {
    want(model) {
      keys.want(byUrl(keySourcesOf(model)));
      names.want(new Map([...gatewayNamesOf(model.config.networks)].map((name) => [name, name])));
    },
    values: { keySets: () => keys.values, gatewayNames: () => names.values },
    failures: { key: (url) => keys.failure(url), name: (name) => names.failure(name) },
    close() {
      keys.close();
      names.close();
    },
  };
}
