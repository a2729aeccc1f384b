import { nodeClient } from './ingress/clients.ts';
import { testRecipes } from './ingress/test-recipes.ts';

/** docs/guide/ingress.md by a gateway of ours. */
testRecipes(['tulle'], nodeClient);
