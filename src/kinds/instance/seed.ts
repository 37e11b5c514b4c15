/** The config drive of an instance, as the instance kind sees it (Nova CFG-01 … CFG-16). */
export { seedActions } from "./seed-actions.ts";
export type { SeedSituation } from "./seed-diff.ts";
export { diffSeed } from "./seed-diff.ts";
export { seedDigest } from "./seed-public.ts";
export type { SeedSecrets } from "./seed-secrets.ts";
export { resolveSeedSecrets } from "./seed-secrets.ts";
export type { SeedState } from "./seed-state.ts";
export { describeSeed, observeSeeds } from "./seed-state.ts";
