/** `npm start`: sets up what is missing, then is the command `tulle`. */
import { setUp } from './setup.mjs';

setUp();
await import('../packages/cli/bin/tulle.mjs');
