import type { Analyzer } from './analyzer.ts';
import { credentials } from './analyzers/credentials.ts';
import { destinationRules } from './analyzers/destination-rules.ts';
import { destinations } from './analyzers/destinations.ts';
import { envoyFilters } from './analyzers/envoy-filters.ts';
import { gateways } from './analyzers/gateways.ts';
import { headers } from './analyzers/headers.ts';
import { mutualTls } from './analyzers/mutual-tls.ts';
import { networks } from './analyzers/networks.ts';
import { neverMatching } from './analyzers/never-true.ts';
import { policies } from './analyzers/policies.ts';
import { problems } from './analyzers/problems.ts';
import { selectors } from './analyzers/selectors.ts';
import { serviceHosts } from './analyzers/service-hosts.ts';
import { serviceProtocols } from './analyzers/service-protocols.ts';
import { sidecars } from './analyzers/sidecars.ts';
import { timeouts } from './analyzers/timeouts.ts';
import { tokens } from './analyzers/tokens.ts';
import { unreachable } from './analyzers/unreachable.ts';
import { virtualServiceGateways } from './analyzers/virtual-service-gateways.ts';
import { virtualServiceHosts } from './analyzers/virtual-service-hosts.ts';
import { visibility } from './analyzers/visibility.ts';

/** All of them. A new one is a file and a line here. */
export const analyzers: readonly Analyzer[] = [
  problems,
  selectors,
  virtualServiceHosts,
  unreachable,
  timeouts,
  gateways,
  credentials,
  destinationRules,
  mutualTls,
  sidecars,
  serviceProtocols,
  virtualServiceGateways,
  destinations,
  neverMatching,
  serviceHosts,
  visibility,
  headers,
  policies,
  tokens,
  envoyFilters,
  networks,
];
