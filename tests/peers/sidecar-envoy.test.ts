import { describeSidecars } from '../sidecar-scene.ts';
import { describeWithPeers } from './peer.ts';

describeWithPeers('Sidecar, with Envoys as sidecars', ['envoy'], () => describeSidecars('envoy'));
