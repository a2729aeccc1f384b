import { describe } from 'vitest';
import { describeGroupProxy } from './group-proxy-scene.ts';

describe('a proxy that joins by a group beside a program of its own', () => describeGroupProxy('tulle'));
