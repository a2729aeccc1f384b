import { commandLineClient } from '../ingress/clients.ts';
import { testRecipes } from '../ingress/test-recipes.ts';
import { describeWithPeers } from './peer.ts';

/** docs/guide/ingress.md by gateways of both engines, from the same resources, asked by curl and openssl. */
describeWithPeers('ingress', ['envoy', 'curl', 'openssl'], () =>
  testRecipes(['tulle', 'envoy'], commandLineClient),
);
