/** The config drive of an instance, as the instance kind sees it (Nova CFG-01 … CFG-16). */
export { seedActions } from "./actions.ts";
export type { SeedSituation } from "./diff.ts";
export { diffSeed } from "./diff.ts";
export { seedDigest } from "./public.ts";
export type { SeedSecrets } from "./secrets.ts";
export { resolveSeedSecrets } from "./secrets.ts";
export type { SeedState } from "./state.ts";
export { describeSeed, observeSeeds } from "./state.ts";
export { withTexts } from "./written-texts.ts";
