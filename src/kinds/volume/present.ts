import type { Presentation } from "../../model/presentation.ts";

/** How people see volumes. */
export const presentVolumes: Readonly<Record<string, Presentation>> = { volume: { sizes: new Set(["size"]) } };
