/** The table of `../traffic/` against real Envoys: sidecars and gateway of the same mesh, from the same resources. */
import { describeTable } from '../traffic/describe-table.ts';
import { describeWithPeers } from './peer.ts';

describeWithPeers('traffic management, by Envoy', ['envoy'], () => describeTable('envoy'));
