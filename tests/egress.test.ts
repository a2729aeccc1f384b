import { testRecipes } from './egress/test-recipes.ts';

/** docs/guide/egress.md with a gateway of ours. */
testRecipes('tulle');
