import { describe } from 'vitest';
import { describeSidecars } from './sidecar-scene.ts';

describe('Sidecar', () => describeSidecars('tulle'));
