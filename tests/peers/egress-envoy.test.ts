import { testRecipes } from '../egress/test-recipes.ts';
import { describeWithPeers } from './peer.ts';

/** docs/guide/egress.md with an Envoy as the gateway. */
describeWithPeers('egress by an Envoy', ['envoy'], () => testRecipes('envoy'));
