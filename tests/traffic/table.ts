/** All rows, by subject. */
import { action } from './rows/action.ts';
import { bytes } from './rows/bytes.ts';
import { destination } from './rows/destination.ts';
import { entries } from './rows/entries.ts';
import { envoyFilters } from './rows/envoy-filter.ts';
import { anyProtocol } from './rows/everywhere.ts';
import { fault } from './rows/fault.ts';
import { fields } from './rows/fields.ts';
import { forms } from './rows/forms.ts';
import { gatewayBytes } from './rows/gateway-bytes.ts';
import { gatewayCertificates } from './rows/gateway-certificates.ts';
import { gatewayTls } from './rows/gateway-tls.ts';
import { gateways } from './rows/gateways.ts';
import { limits } from './rows/limits.ts';
import { match } from './rows/match.ts';
import { networkEntries } from './rows/network-entries.ts';
import { networks } from './rows/networks.ts';
import { outlier } from './rows/outlier.ts';
import { pool } from './rows/pool.ts';
import { protocols } from './rows/protocols.ts';
import { resilience } from './rows/resilience.ts';
import { retries } from './rows/retries.ts';
import { scope } from './rows/scope.ts';
import { shares } from './rows/shares.ts';
import { split } from './rows/split.ts';
import { tokens } from './rows/tokens.ts';
import { warmUps } from './rows/warm-up.ts';
import { websockets } from './rows/websockets.ts';
import { zoneRows } from './rows/zones.ts';
import type { Scenario } from './scenario.ts';

export const scenarios: readonly Scenario[] = [
  ...match,
  ...action,
  ...split,
  ...resilience,
  ...retries,
  ...fault,
  ...protocols,
  ...bytes,
  ...websockets,
  ...destination,
  ...pool,
  ...outlier,
  ...gateways,
  ...gatewayCertificates,
  ...gatewayTls,
  ...gatewayBytes,
  ...entries,
  ...scope,
  ...zoneRows,
  ...limits,
  ...shares,
  ...envoyFilters,
  ...fields,
  ...anyProtocol,
  ...tokens,
  ...forms,
  ...warmUps,
  ...networks,
  ...networkEntries,
];
