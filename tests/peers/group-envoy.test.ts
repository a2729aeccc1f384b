import { describeGroupProxy } from '../group-proxy-scene.ts';
import { describeWithPeers } from './peer.ts';

describeWithPeers('An Envoy that joins by a group beside a program of its own', ['envoy'], () =>
  describeGroupProxy('envoy'),
);
